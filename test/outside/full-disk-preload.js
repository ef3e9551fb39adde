// Loaded before the CLI (`node --import`): a disk on which only REKBACK_DISK_BYTES are left for objects, and as many for the
// index. For machines on which no small disk can be mounted.
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';

let left = Number(process.env.REKBACK_DISK_BYTES);

const handle = await open(new URL(import.meta.url));
const FileHandle = Object.getPrototypeOf(handle);
await handle.close();
const { writeFile } = FileHandle;
FileHandle.writeFile = async function (data, ...rest) {
  left -= data.length;
  if (left < 0) {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    });
  }
  return writeFile.call(this, data, ...rest);
};

const { prototype } = createRequire(import.meta.url)('libsql');
const { exec } = prototype;
prototype.exec = function (sql) {
  const result = exec.call(this, sql);
  if (/journal_mode/.test(sql)) {
    const { page_count: used } = this.prepare('PRAGMA page_count').get();
    exec.call(this, `PRAGMA max_page_count = ${used + Math.floor(left / 8_192)}`);
  }
  return result;
};
