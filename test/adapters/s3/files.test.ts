import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { s3Files } from '../../../src/adapters/s3/files.ts';
import { createClients } from '../../../src/aws/clients.ts';
import { readParquet } from '../../../src/runtime/rows/parquet.ts';
import type { Effect, Rule } from '../../aws/kernel/faults.ts';
import type { World } from '../../aws/kernel/world.ts';
import { bucketNamed } from '../../aws/s3/reach.ts';
import type { Version } from '../../aws/s3/state.ts';
import { startWorld } from '../../aws/world.ts';
import { allRows } from '../../runtime/rows/fixtures.ts';

const ACCOUNT = '111122223333';
const BYTES = randomBytes(3_000_001);

let world: World;
let owner: S3Client;
let paused: number;
beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  paused = 0;
  owner = new S3Client(world.client());
  const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const;
  await owner.send(new CreateBucketCommand({ Bucket: 'lists', CreateBucketConfiguration }));
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const put = (Key: string, Body: Buffer | string) =>
  owner.send(new PutObjectCommand({ Bucket: 'lists', Key, Body }));
const clientsIn = (region = 'eu-west-1') => {
  const { credentials, maxAttempts: _, ...client } = world.client({ region });
  return createClients({ ...client, credentials: async () => credentials });
};
const filesIn = (region?: string, options: Parameters<typeof s3Files>[1] = {}) =>
  s3Files(clientsIn(region), {
    account: ACCOUNT,
    patience: 200,
    pause: async () => void paused++,
    ...options,
  });
const opened = async (Body: Buffer | string = BYTES) => {
  await put('rows', Body);
  return filesIn().open('s3://lists/rows');
};
const fault = (effect: Effect, rule: Partial<Rule> = {}) =>
  world.faults.add({ service: 's3', operation: 'GetObject', ...rule, effect });
const ranges = () =>
  world.journal.entries.flatMap(({ operation, input }) =>
    operation === 'GetObject' ? String((input as { Range?: string }).Range) : [],
  );

async function read(pieces: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

describe('a file in S3', () => {
  it('is read byte for byte, in pieces of a quarter of a megabyte, by one request', async () => {
    const file = await opened();
    expect(file).toMatchObject({ name: 's3://lists/rows', size: BYTES.length });
    world.journal.clear();
    const pieces = await read(file.stream());
    expect(Buffer.concat(pieces).equals(BYTES)).toBe(true);
    for (const { length } of pieces.slice(0, -1)) {
      expect(length).toBeGreaterThanOrEqual(1 << 18);
      expect(length).toBeLessThan(1 << 19);
    }
    expect(ranges()).toEqual([`bytes=0-${BYTES.length - 1}`]);
  });

  it.each([
    [0, 8],
    [5, 5],
    [9, 5],
    [1_000_000, 2_000_000],
    [BYTES.length - 3, BYTES.length + 10],
    [BYTES.length, BYTES.length + 10],
  ])('is read from %i to %i', async (start, end) => {
    const file = await opened();
    expect((await file.slice(start, end)).equals(BYTES.subarray(start, Math.max(start, end)))).toBe(true);
  });

  it('may be empty', async () => {
    const file = await opened(Buffer.alloc(0));
    expect(file.size).toBe(0);
    expect(await read(file.stream())).toEqual([]);
    expect(await file.slice(0, 8)).toEqual(Buffer.alloc(0));
  });

  it.each(['a b+c%20d.csv', 'ü/\u{1f600}.txt', 'a//b?c#d.txt', '../up.txt', 's3://lists/rows'])(
    'has its key in its address as it is: %s',
    async (key) => {
      await put(key, key);
      const file = await filesIn().open(`s3://lists/${key}`);
      expect((await file.slice(0, file.size)).toString()).toBe(key);
    },
  );

  it('is one that a manifest names, in the manifest’s bucket', async () => {
    await put('inventory/data/1.csv.gz', 'data');
    const file = await filesIn().openListed(
      's3://lists/inventory/2026-01-01T00-00Z/manifest.json',
      'inventory/data/1.csv.gz',
    );
    expect(file.name).toBe('s3://lists/inventory/data/1.csv.gz');
    expect((await file.slice(0, 4)).toString()).toBe('data');
  });

  it('may be Parquet, which is read from its end', async () => {
    const data = Array.from({ length: 20_000 }, (_, at) => `${at}/${randomBytes(6).toString('hex')}.jpg`);
    const columnData = [{ name: 'key', data, type: 'STRING' } as const];
    const file = await opened(Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 5_000 })));
    fault({ cut: 5_000 }, { nth: 3 });
    const rows = await allRows(readParquet(file, { bucket: 'photos' }));
    expect(rows.map(({ key }) => key)).toEqual(data);
    expect(paused).toBe(1);
  });
});

describe('a connection that breaks', () => {
  it('is followed by another for the rest', async () => {
    const file = await opened();
    world.journal.clear();
    fault({ cut: 700_000 }, { times: 4 });
    expect(Buffer.concat(await read(file.stream())).equals(BYTES)).toBe(true);
    expect(ranges()).toEqual(
      [0, 700_000, 1_400_000, 2_100_000, 2_800_000].map((at) => `bytes=${at}-${BYTES.length - 1}`),
    );
    expect(paused).toBe(4);
  });

  it.each<[string, Effect, number]>([
    ['before its answer', { reset: true }, 2],
    ['with its answer', { lostAnswer: true }, 2],
    ['in silence', { cut: 100_000, hang: true }, 2],
    ['again and again, as long as it goes on', { cut: 270_000 }, 1000],
  ])('%s loses nothing', async (_, effect, times) => {
    const file = await opened();
    fault(effect, { times });
    expect(Buffer.concat(await read(file.stream())).equals(BYTES)).toBe(true);
    expect((await file.slice(1, 2_000_000)).equals(BYTES.subarray(1, 2_000_000))).toBe(true);
  });

  it('again and again, bringing little or nothing, ends it', async () => {
    const file = await opened();
    const remove = fault({ cut: 10 });
    await expect(read(file.stream())).rejects.toMatchObject({
      code: 'file-unreadable',
      message: expect.stringMatching(/^could not read 's3:\/\/lists\/rows': /),
      suggestions: ['run the same command again'],
    });
    expect(paused).toBe(5);
    remove();
    fault({ cut: 10, hang: true });
    await expect(file.slice(0, 100)).rejects.toMatchObject({ code: 'file-unreadable' });
  });

  it('is broken by who has read enough', async () => {
    await put('rows', BYTES);
    const clients = clientsIn();
    const sockets: Socket[] = [];
    clients(S3Client).middlewareStack.add(
      (next) => async (args) => {
        const answer = await next(args);
        sockets.push(Object(answer.output).Body.socket);
        return answer;
      },
      { step: 'initialize' },
    );
    const file = await s3Files(clients).open('s3://lists/rows');
    for await (const piece of file.stream()) {
      expect(piece.equals(BYTES.subarray(0, piece.length))).toBe(true);
      break;
    }
    expect(sockets.map(({ destroyed }) => destroyed)).toContain(true);
  });
});

describe('what can’t be read', () => {
  const open = (address: string, options?: Parameters<typeof s3Files>[1]) =>
    filesIn(undefined, options).open(address);
  const change = (to: Partial<Version>) =>
    Object.assign(bucketNamed(world, 'lists')?.objects.get('rows')?.at(-1) ?? {}, to);
  const says = (code: string, message: string, advice = '') =>
    expect.objectContaining({
      code,
      message: expect.stringContaining(message),
      suggestions: expect.arrayContaining([expect.stringContaining(advice)]),
    });

  it('was replaced since it was opened, also while it is read', async () => {
    const file = await opened();
    const stream = file.stream()[Symbol.asyncIterator]();
    fault({ cut: 500_000 }, { nth: 1 });
    const { value: first = Buffer.alloc(0) } = await stream.next();
    expect(first.length).toBeGreaterThan(0);
    expect(first.equals(BYTES.subarray(0, first.length))).toBe(true);
    await put('rows', randomBytes(3_000_001));
    const changed = says('file-changed', 's3://lists/rows');
    const rest = async () => {
      while (!(await stream.next()).done);
    };
    await expect(rest()).rejects.toEqual(changed);
    await expect(file.slice(0, 8)).rejects.toEqual(changed);
    expect(paused).toBe(1);
  });

  it('was removed since it was opened', async () => {
    const file = await opened();
    bucketNamed(world, 'lists')?.objects.clear();
    await expect(file.slice(0, 8)).rejects.toEqual(says('file-missing', 's3://lists/rows'));
  });

  it.each(['s3://lists', 's3://lists/', 's3:///rows', 's3://lists/folder/', 'rows', 'https://lists/rows'])(
    'is no address: %s',
    async (address) => {
      await expect(open(address)).rejects.toEqual(says('not-a-file', `'${address}'`, 's3://BUCKET/PATH'));
    },
  );

  it('is not there', async () => {
    await expect(open('s3://lists/none')).rejects.toEqual(says('file-missing', "'s3://lists/none'"));
    const long = `s3://lists/${'x'.repeat(1025)}`;
    fault({ error: { code: 'KeyTooLongError', status: 400 } });
    await expect(open(long)).rejects.toEqual(says('file-missing', long));
    world.faults.clear();
    await expect(open('s3://no-such-bucket/a')).rejects.toEqual(says('bucket-missing', 'no-such-bucket'));
  });

  it('is in another Region', async () => {
    await put('rows', 'x');
    await expect(filesIn('us-east-1').open('s3://lists/rows')).rejects.toEqual(
      says('bucket-region', "'lists' is in eu-west-1", 'copy them into a bucket in us-east-1'),
    );
  });

  it('is denied', async () => {
    await put('rows', 'x');
    const denied = says('file-unreadable', 'AccessDenied', 's3:GetObject');
    await expect(open('s3://lists/rows', { account: '999900001111' })).rejects.toEqual(denied);
    world.deny('s3:GetObject');
    await expect(open('s3://lists/rows')).rejects.toEqual(denied);
  });

  it.each<[string, Partial<Version>, string, string]>([
    ['archived', { storageClass: 'GLACIER' }, 'archived', 'restore'],
    ['of SSE-C', { encryption: { algorithm: 'SSE-C', key: undefined } }, 'only its owner', 'SSE-C'],
    [
      'encrypted with a key that may not be used',
      { encryption: { algorithm: 'aws:kms', key: 'arn:aws:kms:eu-west-1:111122223333:key/1' } },
      'key/1',
      'kms:Decrypt on arn:aws:kms:eu-west-1:111122223333:key/1',
    ],
  ])('is %s', async (_, to, message, advice) => {
    await put('rows', 'x');
    change(to);
    world.deny('kms:Decrypt');
    await expect(open('s3://lists/rows')).rejects.toEqual(says('file-unreadable', message, advice));
  });

  it('is asked for with keys that are not taken', async () => {
    await put('rows', 'x');
    fault({ error: { code: 'ExpiredToken', status: 400 } });
    await expect(open('s3://lists/rows')).rejects.toEqual(says('expired-credentials', 'expired'));
  });
});
