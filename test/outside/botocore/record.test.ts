import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { preparePython } from '../python/venv.ts';
import { describeWith, type Found, lookFor } from '../requires.ts';
import { checkRequests } from './check.ts';
import { type Recorded, readRecord } from './recorded.ts';
import { sentCommands } from './sent-commands.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** Requests that break a model and are meant to, by what `service operation problem` looks like, with the reason. */
const EXCEPTIONS: readonly { looks: RegExp; reason: string }[] = [
  {
    looks:
      /^S3 PutBucketNotificationConfiguration .*FilterRules\[\d+\]\.Name: "(Prefix|Suffix)" is none of prefix, suffix$/,
    reason: "S3 answers with a capital and takes both; others' entries are put back as they were read",
  },
];

/** Commands that no suite sends, by `client operation`, with the reason. */
const NOT_SENT: Readonly<Record<string, string>> = {};

/** Runs after all other suites (vitest.config.ts): this is the record of what they sent. */
const folder = process.env.REKBACK_RECORD_REQUESTS;
const { requests, suites } = folder ? await readRecord(folder) : { requests: [], suites: [] };

describeWith('the requests of this run', await lookFor(preparePython), (python) => {
  test('are valid by the models of their services', async () => {
    const violations = await checkRequests(python, requests);
    const shown = violations
      .map(({ request, service, operation, problem }) => {
        return { key: `${service} ${operation} ${problem}`, from: requests[request]?.from };
      })
      .filter(({ key }) => !EXCEPTIONS.some(({ looks }) => looks.test(key)))
      .map(({ key, from }) => `${key} (${from})`);
    expect([...new Set(shown)]).toEqual([]);
  });
});

describeWith('the record of a whole run', await wholeRun(), (recorded) => {
  test('has every SDK command that the sources send', async () => {
    const sent = new Set(recorded.map(({ serviceId, operation }) => `${packageOf(serviceId)} ${operation}`));
    const missing = (await commandsOfSources()).filter((each) => !sent.has(each) && !NOT_SENT[each]);
    expect(missing).toEqual([]);
  });
});

/** Every command in the sources can only be asked for when every suite was there. */
async function wholeRun(): Promise<Found<Recorded[]>> {
  const files = await readdir(join(ROOT, 'test'), { recursive: true });
  const all = files.filter((name) => name.endsWith('.test.ts')).map((name) => `test/${name}`);
  const absent = all.filter(
    (name) => !suites.includes(name) && name !== 'test/outside/botocore/record.test.ts',
  );
  return absent.length === 0 ? { thing: requests } : { missing: `${absent.length} suites were not run` };
}

async function commandsOfSources(): Promise<string[]> {
  const names = (await readdir(join(ROOT, 'src'), { recursive: true })).filter((name) =>
    name.endsWith('.ts'),
  );
  const commands = names.map(async (name) =>
    sentCommands(name, await readFile(join(ROOT, 'src', name), 'utf8')),
  );
  return [...new Set((await Promise.all(commands)).flat())].sort();
}

/** `CloudWatch Logs` is `client-cloudwatch-logs`. */
function packageOf(serviceId: string): string {
  return `client-${serviceId.toLowerCase().replaceAll(' ', '-')}`;
}
