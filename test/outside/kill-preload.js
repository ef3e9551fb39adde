// Loaded before the CLI (`node --import`): counts what it writes to the disk, and ends it at one of those writes as a
// power cut would. REKBACK_WRITES: {"count": file} to be told the number, {"kill": n, "when": "before" | "after"},
// {"stand": n} to stand still before the n-th write and say so on stderr.
import { writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { createRequire, syncBuiltinESMExports } from 'node:module';

const { count, kill, when, stand } = JSON.parse(process.env.REKBACK_WRITES ?? '{}');
const rawOpen = fs.open;
let writes = 0;
let transactionWrites = false;

function dieAt(number, moment) {
  if (number === kill && moment === when) process.kill(process.pid, 'SIGKILL');
}

/** `effect`, as one write of the process. */
const asWrite =
  (effect) =>
  async (...args) => {
    const number = writes++;
    dieAt(number, 'before');
    if (number === stand) {
      process.stderr.write('standing\n');
      await new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1));
    }
    const result = await effect(...args);
    dieAt(number, 'after');
    return result;
  };

const asWriteSync = (effect) => {
  const number = writes++;
  dieAt(number, 'before');
  const result = effect();
  dieAt(number, 'after');
  return result;
};

for (const name of [
  'writeFile',
  'appendFile',
  'rename',
  'link',
  'symlink',
  'rm',
  'rmdir',
  'unlink',
  'mkdir',
  'cp',
]) {
  fs[name] = asWrite(fs[name]);
}
const openToWrite = asWrite(rawOpen);
fs.open = (path, flags, mode) => (/[wa+]/.test(String(flags)) ? openToWrite : rawOpen)(path, flags, mode);
const handle = await rawOpen(new URL(import.meta.url));
const FileHandle = Object.getPrototypeOf(handle);
await handle.close();
for (const name of ['write', 'writev', 'writeFile', 'appendFile', 'truncate']) {
  const effect = FileHandle[name];
  FileHandle[name] = function (...args) {
    return asWrite(() => effect.apply(this, args))();
  };
}
syncBuiltinESMExports();

const Database = createRequire(import.meta.url)('libsql');
const { exec, prepare, close } = Database.prototype;
Database.prototype.exec = function (sql) {
  if (/^BEGIN (IMMEDIATE|EXCLUSIVE)/.test(sql)) transactionWrites = true;
  const isWrite = /journal_mode/.test(sql) || (sql === 'COMMIT' && transactionWrites);
  if (sql === 'COMMIT' || sql === 'ROLLBACK') transactionWrites = false;
  return isWrite ? asWriteSync(() => exec.call(this, sql)) : exec.call(this, sql);
};
Database.prototype.prepare = function (sql) {
  const statement = prepare.call(this, sql);
  if (/wal_checkpoint/.test(sql)) {
    const { get } = statement;
    statement.get = (...args) => asWriteSync(() => get.apply(statement, args));
  }
  return statement;
};
Database.prototype.close = function () {
  return asWriteSync(() => close.call(this));
};

if (count !== undefined) process.on('exit', () => writeFileSync(count, String(writes)));
