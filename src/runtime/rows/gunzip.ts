import { Worker } from 'node:worker_threads';
import { RekbackError } from '../errors.ts';
import { type FromThread, gunzipThread, type ToThread } from './gunzip-thread.ts';

/** Unpacked bytes at once: large enough that handing them over costs nothing beside reading them. */
const PIECE = 1 << 20;

/** One being read, one on its way, and two for the thread to fill: more make nothing faster. */
const BUFFERS = 4;

/** Compressed pieces on their way to the thread. */
const AHEAD = 4;

/**
 * Unpacks a gzip file of one or more members in a thread of its own, beside whoever reads the rows.
 *
 * @param reuse - a piece is valid only until the next one is asked for, as its memory is used again
 * @param check - is told the MD5 sum of the compressed bytes, after the last piece; what it throws is thrown
 * @throws RekbackError `file-damaged` unless the file is whole: its end is missing, a check sum is wrong, or something
 *   follows the last member. (Node takes zeros there for padding and drops what comes after them, which could be rows.)
 */
export async function* gunzipped(
  name: string,
  pieces: AsyncIterable<Buffer>,
  { reuse = false, check }: { reuse?: boolean; check?: (md5: string) => void } = {},
): AsyncGenerator<Buffer> {
  const thread = new Worker(`(${gunzipThread})(${PIECE}, ${BUFFERS})`, { eval: true });
  const send = (message: ToThread, transfer: ArrayBuffer[] = []) => thread.postMessage(message, transfer);
  const received: FromThread[] = [];
  let waiting: (() => void)[] = [];
  let failure: { error: unknown } | undefined;
  let taken = 0;
  let stopped = false;
  const wake = () => {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  };
  thread.on('message', (message: FromThread) => {
    if ('taken' in message) taken++;
    else received.push(message);
    wake();
  });
  const fail = (error: unknown) => {
    failure ??= { error };
    wake();
  };
  thread.on('error', fail);
  const changed = () => new Promise<void>((resolve) => waiting.push(resolve));

  const feeding = feed().catch(fail);
  async function feed(): Promise<void> {
    let sent = 0;
    for await (const piece of pieces) {
      // Copied once and handed over: a file's pieces are parts of a larger pool, which may not go.
      const own = Uint8Array.from(piece);
      send({ piece: own }, [own.buffer]);
      sent++;
      while (sent - taken >= AHEAD && !stopped) await changed();
      if (stopped) return;
    }
    send({ piece: null });
  }

  try {
    for (;;) {
      const message = received.shift();
      if (message === undefined) {
        if (failure !== undefined) throw failure.error;
        await changed();
      } else if ('memory' in message) {
        yield Buffer.from(message.memory, 0, message.length);
        if (reuse) send({ free: message.memory }, [message.memory]);
        else send({ free: null });
      } else if ('failed' in message) throw asFileError(name, message);
      else if ('end' in message) {
        if (message.unread > 0) throw damaged(name, 'something follows its compressed data');
        check?.(message.md5);
        return;
      }
    }
  } finally {
    stopped = true;
    wake();
    await Promise.all([feeding, thread.terminate()]);
  }
}

function asFileError(name: string, { failed, message }: Extract<FromThread, { failed: string }>): Error {
  const cause = Object.assign(new Error(message), { code: failed });
  if (failed === 'Z_BUF_ERROR') return damaged(name, 'its end is missing', cause);
  if (failed === 'Z_DATA_ERROR' || failed === 'ERR_STREAM_PUSH_AFTER_EOF')
    return damaged(name, 'its compressed data are not valid', cause);
  return cause;
}

function damaged(name: string, why: string, cause?: unknown): RekbackError {
  return new RekbackError('file-damaged', `'${name}' is not a whole gzip file: ${why}`, {
    cause,
    suggestions: ['copy or download the file again'],
  });
}
