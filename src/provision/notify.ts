import { RekbackError } from '../runtime/errors.ts';

/** FIFO topics need more of a message than these have. */
const TOPIC = /^arn:aws(?:-[a-z]+)*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/;

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/**
 * `--notify` flags as addresses: topics of SNS, and web addresses that are posted to. `none` alone: no address.
 * @throws RekbackError `bad-notify`, exit 2
 */
export function parseNotify(flags: readonly string[]): string[] {
  if (flags.length === 1 && flags[0] === 'none') return [];
  for (const flag of flags) {
    if (TOPIC.test(flag) || isWebAddress(flag)) continue;
    throw new RekbackError('bad-notify', `'${flag}' is nothing that can be notified`, {
      exitCode: 2,
      suggestions: [
        'name a standard topic of SNS by its ARN, or an address that begins with https:// and has no password',
        'or nobody any more: --notify none',
      ],
    });
  }
  return [...new Set(flags)];
}

function isWebAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname));
}
