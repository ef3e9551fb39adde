import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentId } from '../../../src/adapters/opensearch/document.ts';
import { parseMessage } from '../../../src/runtime/image/events.ts';
import { NAMES } from '../../stack/hostile-names.ts';

const place = { bucket: 'photos', stackBucket: 'rekback-photos' };
const parse = (message: unknown) => parseMessage(JSON.stringify(message), place);

/** S3 encodes keys as Java's URLEncoder does, which leaves `-_.*` alone and makes a space a plus. */
const asS3Encodes = (key: string) =>
  [...Buffer.from(key)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      if (/[\w.*/-]/.test(character)) return character;
      return character === ' ' ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');

const record = (eventName: string, key: string | undefined, more: object = {}, bucket = place.bucket) => ({
  eventVersion: '2.1',
  eventSource: 'aws:s3',
  eventName,
  s3: {
    bucket: { name: bucket, arn: `arn:aws:s3:::${bucket}` },
    object: { ...(key !== undefined && { key: asS3Encodes(key) }), ...more },
  },
});

const busEvent = (type: string, key: string, more: object = {}, bucket = place.bucket) => ({
  version: '0',
  source: 'aws.s3',
  'detail-type': type,
  detail: { version: '0', bucket: { name: bucket }, object: { key, ...more }, reason: 'PutObject' },
});

const changesOf = (message: unknown) => {
  const parsed = parse(message);
  return parsed.kind === 'changes' ? parsed.changes : parsed;
};

describe("S3's notifications", () => {
  test.each([
    ['ObjectCreated:Put', 'created'],
    ['ObjectCreated:CompleteMultipartUpload', 'created'],
    ['ObjectRemoved:Delete', 'removed'],
    ['ObjectRemoved:DeleteMarkerCreated', 'removed'],
    ['LifecycleExpiration:Delete', 'removed'],
    ['LifecycleExpiration:DeleteMarkerCreated', 'removed'],
    ['ObjectRestore:Completed', 'created'],
  ])('%s: %s', (event, kind) => {
    const message = { Records: [record(event, 'a.jpg', { sequencer: '0055AED6DCD90281E5' })] };
    expect(changesOf(message)).toEqual([
      { kind, key: 'a.jpg', order: `0055AED6DCD90281E5${'0'.repeat(46)}`, row: -1 },
    ]);
  });

  test('several records in one message, each by itself', () => {
    const parsed = parse({
      Records: [
        record('ObjectCreated:Put', 'a.jpg', { sequencer: '01' }),
        record('ObjectCreated:Put', 'theirs.jpg', {}, 'theirs'),
        record('ObjectCreated:Put', undefined),
        record('ObjectTagging:Put', 'tagged.jpg'),
        'nothing',
        null,
        record('ObjectRemoved:Delete', 'b.jpg', { sequencer: '02' }),
      ],
    });
    expect(parsed).toEqual({
      kind: 'changes',
      changes: [
        { kind: 'created', key: 'a.jpg', order: '01'.padEnd(64, '0'), row: -1 },
        { kind: 'removed', key: 'b.jpg', order: '02'.padEnd(64, '0'), row: -1 },
      ],
      ignored: [
        "ObjectCreated:Put is about the bucket 'theirs'",
        'ObjectCreated:Put names no key that can be read',
        "ObjectTagging:Put of 'tagged.jpg' says nothing of an image",
        "a record is about the bucket 'undefined'",
        "a record is about the bucket 'undefined'",
      ],
    });
  });

  test('a key with broken escapes is told, and decoded by nobody', () => {
    const broken = record('ObjectCreated:Put', 'x.jpg');
    broken.s3.object.key = 'a%zz.jpg';
    expect(parse({ Records: [broken] })).toMatchObject({ why: /names no key that can be read/ });
  });

  test('S3 asks whether anybody is there', () => {
    expect(parse({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'photos' })).toEqual({
      kind: 'test',
    });
  });
});

describe("EventBridge's events", () => {
  test.each([
    ['Object Created', 'created'],
    ['Object Deleted', 'removed'],
    ['Object Restore Completed', 'created'],
  ])('%s: %s', (type, kind) => {
    const order = '0055AED6DCD90281E5'.padEnd(64, '0');
    expect(changesOf(busEvent(type, 'a.jpg', { sequencer: '0055aed6dcd90281e5' }))).toEqual([
      { kind, key: 'a.jpg', order, row: -1 },
    ]);
  });

  test('of others', () => {
    expect(parse(busEvent('Object Created', 'a.jpg', {}, 'theirs')).kind).toBe('foreign');
    expect(parse(busEvent('Object Tags Added', 'a.jpg')).kind).toBe('malformed');
    expect(parse({ source: 'aws.ec2', detail: {} })).toMatchObject({ kind: 'foreign', why: /aws\.ec2/ });
  });
});

describe('keys', () => {
  test.each(NAMES)('%j comes through both ways as it is, with the same id', (name) => {
    const [notified] = [changesOf({ Records: [record('ObjectCreated:Put', name)] })].flat();
    const [told] = [changesOf(busEvent('Object Created', name))].flat();
    expect(notified).toMatchObject({ key: name });
    expect(told).toEqual(notified);
    expect(documentId('photos', (notified as { key: string }).key)).toBe(documentId('photos', name));
  });

  test('any key is decoded exactly once', () => {
    const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(key, (name) => {
        expect(changesOf({ Records: [record('ObjectCreated:Put', name)] })).toMatchObject([{ key: name }]);
        expect(changesOf(busEvent('Object Created', name))).toMatchObject([{ key: name }]);
      }),
    );
  });
});

describe('orders', () => {
  const orderOf = (sequencer: string | undefined) => {
    const parsed = parse({ Records: [record('ObjectCreated:Put', 'a.jpg', { sequencer })] });
    return parsed.kind === 'changes' ? { order: parsed.changes[0]?.order, ignored: parsed.ignored } : parsed;
  };

  test('are those of the hexadecimal numbers, the shorter padded on the right, beyond 64 bits too', () => {
    const sequencer = fc.string({
      unit: fc.constantFrom(...'0123456789abcdefABCDEF'),
      minLength: 1,
      maxLength: 64,
    });
    fc.assert(
      fc.property(sequencer, sequencer, (one, other) => {
        const number = (digits: string) => BigInt(`0x${digits.padEnd(64, '0')}`);
        const [a, b] = [orderOf(one), orderOf(other)] as { order: string }[];
        const byNumber = number(one) < number(other) ? -1 : number(one) > number(other) ? 1 : 0;
        const [left = '', right = ''] = [a?.order, b?.order];
        expect(left < right ? -1 : left > right ? 1 : 0).toBe(byNumber);
      }),
    );
  });

  test('a change without an order, or with one that cannot be compared, is not lost', () => {
    expect(orderOf(undefined)).toEqual({ order: '', ignored: [] });
    expect(orderOf('F'.repeat(64))).toEqual({ order: 'F'.repeat(64), ignored: [] });
    for (const odd of ['F'.repeat(65), 'not hexadecimal']) {
      expect(orderOf(odd)).toEqual({ order: '', ignored: [expect.stringContaining(odd)] });
    }
  });
});

describe('inventories and jobs', () => {
  test('the checksum that ends an inventory names its manifest', () => {
    const key = 'inventory/photos/rekback-photos-inventory/2026-11-23T01-00Z/manifest.checksum';
    const manifest = key.replace('checksum', 'json');
    const delivered = { kind: 'inventory', manifest };
    expect(parse({ Records: [record('ObjectCreated:Put', key, {}, place.stackBucket)] })).toEqual(delivered);
    expect(parse({ Records: [record('ObjectRemoved:Delete', key, {}, place.stackBucket)] }).kind).toBe(
      'foreign',
    );
    expect(parse({ Records: [record('ObjectCreated:Put', manifest, {}, place.stackBucket)] }).kind).toBe(
      'foreign',
    );
    // In the bucket of the images it is just an object.
    expect(changesOf({ Records: [record('ObjectCreated:Put', key)] })).toMatchObject([{ key }]);
  });

  test('ended jobs of Batch, children among them', () => {
    const ended = (jobId: string, status: string) =>
      parse({
        source: 'aws.batch',
        'detail-type': 'Batch Job State Change',
        detail: { jobId, jobName: 'n', status },
      });
    expect(ended('j-1', 'SUCCEEDED')).toEqual({
      kind: 'job',
      jobId: 'j-1',
      jobName: 'n',
      status: 'SUCCEEDED',
      isChild: false,
    });
    expect(ended('j-1:7', 'FAILED')).toMatchObject({ kind: 'job', isChild: true, status: 'FAILED' });
    expect(ended('j-1', 'RUNNING').kind).toBe('foreign');
    expect(parse({ source: 'aws.batch', detail: {} }).kind).toBe('malformed');
  });
});

test.each(['', 'nonsense', '[]', 'null', '1', '{}', '{"Records":{}}', '{"Records":[]}', '{"detail":[]}'])(
  'the body %j is malformed',
  (body) => {
    const parsed = parseMessage(body, place);
    expect(parsed).toMatchObject({ kind: 'malformed', why: expect.stringMatching(/./) });
  },
);

test('nothing that can be sent makes it throw', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('Records', 'detail', 's3'), (value, name) => {
      expect(typeof parse(value).kind).toBe('string');
      expect(typeof parse({ [name]: [value], source: 'aws.s3', detail: value }).kind).toBe('string');
      expect(typeof parse({ Records: [{ s3: value, eventName: value }] }).kind).toBe('string');
    }),
  );
});
