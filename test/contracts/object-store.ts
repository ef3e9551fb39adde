import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import type { ObjectStore, Version } from '../../src/runtime/ports.ts';

const text = (value: string) => Buffer.from(value);

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

async function versionOf(put: ReturnType<ObjectStore['put']>): Promise<Version> {
  const result = await put;
  if (result === 'conflict') throw new Error('the put was expected to succeed');
  return result.version;
}

/** Every object store must pass this. `open` gives an empty one. */
export function objectStoreContract(name: string, open: () => Promise<ObjectStore>): void {
  describe(`${name}: object store contract`, () => {
    it('gives back what was put, whole and byte for byte', async () => {
      const store = await open();
      const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      const large = Buffer.alloc(3_000_000, every);
      for (const body of [Buffer.alloc(0), every, large]) {
        const version = await versionOf(store.put('a/b.bin', body));
        const stored = await store.get('a/b.bin');
        expect(stored?.version).toBe(version);
        expect(stored?.body.equals(body)).toBe(true);
      }
      expect(await store.get('a')).toBeUndefined();
      expect(await store.get('a/b')).toBeUndefined();
      expect(await store.get('a/b.bin/c')).toBeUndefined();
    });

    it('keeps no part of a longer object that was there before, nor the caller’s memory', async () => {
      const store = await open();
      await store.put('a', text('long and old'));
      const body = text('new');
      await store.put('a', body);
      body.fill(0);
      expect((await store.get('a'))?.body.toString()).toBe('new');
    });

    it('puts only where there is nothing, when asked to', async () => {
      const store = await open();
      const version = await versionOf(store.put('deep/er/a', text('1'), { ifAbsent: true }));
      expect(await store.put('deep/er/a', text('2'), { ifAbsent: true })).toBe('conflict');
      expect(await store.get('deep/er/a')).toEqual({ body: text('1'), version });
      await store.remove('deep/er/a');
      expect(await store.put('deep/er/a', text('2'), { ifAbsent: true })).not.toBe('conflict');
    });

    it('puts only over the version named, when asked to', async () => {
      const store = await open();
      expect(await store.put('a', text('0'), { ifVersion: 'unknown' })).toBe('conflict');
      expect(await store.get('a')).toBeUndefined();
      const first = await versionOf(store.put('a', text('1')));
      const second = await versionOf(store.put('a', text('2'), { ifVersion: first }));
      expect(await store.put('a', text('3'), { ifVersion: first })).toBe('conflict');
      expect(await store.get('a')).toEqual({ body: text('2'), version: second });
      await store.remove('a');
      expect(await store.put('a', text('3'), { ifVersion: second })).toBe('conflict');
      expect(await store.get('a')).toBeUndefined();
    });

    it('removes, and removes again', async () => {
      const store = await open();
      await store.put('a/b', text('1'));
      await store.remove('a/b');
      await store.remove('a/b');
      await store.remove('never/there');
      expect(await store.get('a/b')).toBeUndefined();
      expect(await keysOf(store, '')).toEqual([]);
    });

    it('lists by prefix, not by folder, in byte order, with sizes', async () => {
      const store = await open();
      // `a-b` < `a.b` < `a/b` < `a0`, although a folder `a` alone would come first; U+FFEE < U+1F600.
      const keys = ['a-b', 'a.b', 'a/b', 'a/b-', 'a/b/c', 'a0', 'b/\uffee', 'b/\u{1f600}', 'ba', 'Z'];
      const storable = keys.filter((key) => key !== 'a/b');
      for (const key of [...storable].reverse()) await store.put(key, text(key));
      const ordered = [...storable].sort((a, b) => Buffer.compare(text(a), text(b)));
      for (const prefix of ['', 'a', 'a/', 'a/b', 'a/b/', 'b', 'b/', 'b/\u{1f600}', 'c', 'c/d', 'a/b/c/d']) {
        expect(await keysOf(store, prefix)).toEqual(ordered.filter((key) => key.startsWith(prefix)));
      }
      for await (const { key, size } of store.list('')) expect(size).toBe(text(key).length);
    });

    it('lists what stays while others come and go', async () => {
      const store = await open();
      for (let at = 10; at < 50; at++) await store.put(`a/${at}`, text('x'));
      const listed: string[] = [];
      for await (const { key } of store.list('a/')) {
        listed.push(key);
        await store.remove(`a/${listed.length + 10}`);
        await store.remove('a/49');
      }
      expect(listed).toContain('a/10');
      expect(await keysOf(store, 'a/')).toEqual(['a/10']);
    });

    it('lets one of many win who find nothing there', async () => {
      const store = await open();
      const puts = Array.from({ length: 20 }, (_, at) =>
        store.put('claim', text(String(at)), { ifAbsent: true }),
      );
      const won = (await Promise.all(puts)).flatMap((result, at) => (result === 'conflict' ? [] : [at]));
      expect(won).toHaveLength(1);
      expect((await store.get('claim'))?.body.toString()).toBe(String(won[0]));
    });

    it('loses none of many increments', async () => {
      const store = await open();
      await store.put('count', text('0'));
      const increment = async () => {
        for (;;) {
          const stored = await store.get('count');
          if (stored === undefined) throw new Error('the object was gone for a moment');
          const next = text(String(Number(stored.body) + 1));
          if ((await store.put('count', next, { ifVersion: stored.version })) !== 'conflict') return;
        }
      };
      await Promise.all(Array.from({ length: 20 }, increment));
      expect((await store.get('count'))?.body.toString()).toBe('20');
    });
  });
}

/** How another process opens a store: a function that a compiled module exports, and its arguments. */
export interface OpenElsewhere {
  module: string;
  open: string;
  args: readonly unknown[];
}

const PROCESSES = 4;

/** Stores that several processes share must pass this too. `share` gives a new, empty store. */
export function sharedObjectStoreContract(
  name: string,
  share: () => Promise<{ store: ObjectStore; elsewhere: OpenElsewhere }>,
): void {
  describe(`${name}: object store shared by ${PROCESSES} processes`, () => {
    it('lets exactly one win each claim', async () => {
      const { store, elsewhere } = await share();
      const claims = 25;
      const won = (await contend(elsewhere, 'claim', claims)).flatMap((line) => JSON.parse(line) as string[]);
      expect(won.sort()).toEqual(Array.from({ length: claims }, (_, at) => `claim/${at}`).sort());
      expect(await keysOf(store, 'claim/')).toHaveLength(claims);
    });

    it('loses no increment', async () => {
      const { store, elsewhere } = await share();
      await store.put('count', text('0'));
      await contend(elsewhere, 'increment', 12);
      expect((await store.get('count'))?.body.toString()).toBe(String(PROCESSES * 12));
    });

    it('never shows half an object', async () => {
      const { elsewhere } = await share();
      // Each process overwrites one object with a text of its own and checks what it reads.
      expect(await contend(elsewhere, 'overwrite', 12)).toEqual(Array(PROCESSES).fill('whole'));
    });
  });
}

/** The line that each process ended with; all begin at the same moment. */
async function contend(elsewhere: OpenElsewhere, task: string, times: number): Promise<string[]> {
  const script = join(import.meta.dirname, 'object-store-contender.js');
  const children = Array.from({ length: PROCESSES }, (_, number) =>
    spawn(process.execPath, [script, JSON.stringify({ ...elsewhere, task, times, number })], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  const lines = children.map(({ stdout }) => createInterface({ input: stdout })[Symbol.asyncIterator]());
  const next = () => Promise.all(lines.map(async (each) => String((await each.next()).value)));
  expect(await next()).toEqual(children.map(() => 'ready'));
  const ended = children.map((child) => once(child, 'close'));
  for (const { stdin } of children) stdin.end('go\n');
  const results = await next();
  expect((await Promise.all(ended)).map(([code]) => code)).toEqual(children.map(() => 0));
  return results;
}
