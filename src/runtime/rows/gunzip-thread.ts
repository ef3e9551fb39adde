/** What the thread is sent: compressed bytes; `null` at their end; memory that may be filled again, or leave to make some. */
export type ToThread = { piece: Uint8Array | null } | { free: ArrayBuffer | null };

/** What it sends: unpacked bytes in one of the buffers; that a piece was taken; the end, with what was found. */
export type FromThread =
  | { memory: ArrayBuffer; length: number }
  | { taken: true }
  | { end: true; unread: number; md5: string }
  | { failed: string; message: string };

/**
 * Runs in a thread of its own, made from this function's text so that no bundle needs a second file: it must not use
 * anything of this module. Unpacks what it is sent into buffers of `bytes` bytes, of which it makes `buffers`, and sums
 * up the MD5 of the compressed bytes.
 */
export function gunzipThread(bytes: number, buffers: number): void {
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  const { createHash } = process.getBuiltinModule('node:crypto');
  const { createGunzip } = process.getBuiltinModule('node:zlib');
  if (parentPort === null) return;
  const port = parentPort;
  const send = (message: FromThread, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  const hash = createHash('md5');
  // zlib's default of 16 KiB at once takes 2.5 times as long for an inventory; with room for eight pieces it goes on in
  // the thread pool while this thread copies and sums up.
  const options = { chunkSize: 1 << 18, highWaterMark: 1 << 21 };
  const gunzip = createGunzip(options);
  const free: ArrayBuffer[] = Array.from({ length: buffers }, () => new ArrayBuffer(bytes));
  let memory = new Uint8Array(free.pop() ?? new ArrayBuffer(bytes));
  let filled = 0;
  let fed = 0;
  let goOn = (): void => {};

  port.on('message', (message: ToThread) => {
    if ('free' in message) {
      free.push(message.free ?? new ArrayBuffer(bytes));
      goOn();
    } else if (message.piece === null) gunzip.end();
    else {
      const { piece } = message;
      fed += piece.length;
      hash.update(piece);
      // Not called back after an error in the data, nor once zlib has seen their end.
      gunzip.write(piece, () => send({ taken: true }));
    }
  });

  async function unpack(): Promise<void> {
    for await (const piece of gunzip as AsyncIterable<Uint8Array>) {
      for (let from = 0; from < piece.length; ) {
        const part = piece.subarray(from, from + bytes - filled);
        memory.set(part, filled);
        filled += part.length;
        from += part.length;
        if (filled === bytes) await flush();
      }
    }
    if (filled > 0) await flush();
    send({ end: true, unread: fed - gunzip.bytesWritten, md5: hash.digest('hex') });
  }

  async function flush(): Promise<void> {
    send({ memory: memory.buffer, length: filled }, [memory.buffer]);
    filled = 0;
    while (free.length === 0) {
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
    }
    memory = new Uint8Array(free.pop() ?? new ArrayBuffer(bytes));
  }

  unpack().catch((error: NodeJS.ErrnoException) =>
    send({ failed: error.code ?? '', message: error.message }),
  );
}
