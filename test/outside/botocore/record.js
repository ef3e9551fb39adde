// Notes every request that an AWS SDK client is asked to send, as JSON lines in the folder that REKBACK_RECORD_REQUESTS
// names: {serviceId, operation, input, from}. It wraps what all clients have in common, so that no client has to know.
// Loaded by vitest's set-up (setup.ts), and by `node --import` into processes under test: plain JavaScript, because
// Node 20 runs it as it is.
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const MARK = Symbol.for('rekback.recorded');

/** The base class of all clients, the very one that the SDK's packages extend. */
function baseClient() {
  const fromHere = createRequire(import.meta.url);
  const fromSdk = createRequire(fromHere.resolve('@aws-sdk/client-sts'));
  return fromSdk('@smithy/core/client').Client;
}

/** What JSON can't hold: dates, bytes and streams as `{"$date"}`, `{"$blob": length}`, `{"$stream": true}`. */
function plain(value) {
  if (value instanceof Date) return { $date: value.toISOString() };
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return { $blob: value.byteLength };
  if (typeof value === 'bigint') return { $bigint: String(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  const isStream = 'pipe' in value || 'getReader' in value || Symbol.asyncIterator in value;
  if (isStream || (typeof Blob === 'function' && value instanceof Blob)) return { $stream: true };
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, plain(member)]),
  );
}

/**
 * From now on, `write` gets every request that a client of this process is asked to send.
 * Returns what ends it.
 */
export function recordRequests(write) {
  const { prototype } = baseClient();
  const { send } = prototype;
  prototype.send = function (command, ...rest) {
    const operation = command.constructor.name.replace(/Command$/, '');
    write({ serviceId: this.config.serviceId, operation, input: plain(command.input ?? {}) });
    return send.call(this, command, ...rest);
  };
  return () => {
    prototype.send = send;
  };
}

const folder = process.env.REKBACK_RECORD_REQUESTS;
if (folder && !globalThis[MARK]) {
  globalThis[MARK] = true;
  const file = join(folder, `${process.pid}-${randomUUID()}.ndjson`);
  const from = process.env.REKBACK_RECORD_FROM ?? '';
  // At once, because the process may be killed at any moment.
  recordRequests((request) => appendFileSync(file, `${JSON.stringify({ ...request, from })}\n`));
}
