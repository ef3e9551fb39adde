// One of several processes that use one object store at the same time; see object-store.ts. Says `ready`, waits for a
// line, works, and prints one line.
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';

const { module, open, args, task, times, number } = JSON.parse(process.argv[2]);
const store = (await import(pathToFileURL(module)))[open](...args);

const tasks = {
  async claim() {
    const won = [];
    for (let at = 0; at < times; at++) {
      const put = await store.put(`claim/${at}`, Buffer.from(String(number)), { ifAbsent: true });
      if (put !== 'conflict') won.push(`claim/${at}`);
    }
    return JSON.stringify(won);
  },

  async increment() {
    for (let done = 0; done < times; ) {
      const { body, version } = await store.get('count');
      const put = await store.put('count', Buffer.from(String(Number(body) + 1)), { ifVersion: version });
      if (put !== 'conflict') done++;
    }
    return 'done';
  },

  async overwrite() {
    const own = String(number).repeat(100_000 + number);
    for (let at = 0; at < times; at++) {
      await store.put('one/object', Buffer.from(own));
      const read = String((await store.get('one/object')).body);
      if (read !== read[0].repeat(100_000 + Number(read[0]))) return `torn: ${read.length} bytes`;
    }
    return 'whole';
  },
};

console.log('ready');
await once(process.stdin, 'data');
console.log(await tasks[task]());
process.stdin.destroy();
