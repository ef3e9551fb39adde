import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

export const BUCKET = 'acme-field-photos';
const SCHEMA = 'Bucket, Key, Size, LastModifiedDate, ETag, StorageClass';

/** A small fast generator (mulberry32), so that every machine measures the same file. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SITES = ['oslo', 'lyon', 'porto', 's%C3%A3o+paulo', 'new+york', 'osaka', 'accra', 'quito'];
const EXTENSIONS = [
  'jpg',
  'jpg',
  'jpg',
  'jpg',
  'jpg',
  'jpg',
  'jpg',
  'JPG',
  'jpeg',
  'png',
  'png',
  'heic',
  'txt',
];
const CLASSES = ['STANDARD', 'STANDARD', 'STANDARD', 'STANDARD_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR'];

function row(random, number) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const hex = () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  // Photos come in one after the other, as from a camera fleet: 2M of them take two years.
  const taken = new Date(
    1_640_995_200_000 + number * 31_000 + Math.floor(random() * 20) * 1000,
  ).toISOString();
  const day = taken.slice(0, 10).replaceAll('-', '/');
  const key = `photos/${pick(SITES)}/${day}/IMG_${number % 10_000}.${pick(EXTENSIONS)}`;
  const storage = random() < 0.01 ? 'DEEP_ARCHIVE' : pick(CLASSES);
  const etag = hex() + hex() + hex() + hex();
  return `"${BUCKET}","${key}","${Math.floor(2e5 + random() * 8e5)}","${taken}","${etag}","${storage}"\n`;
}

function* blocks(rows) {
  const random = seeded(rows);
  for (let made = 0; made < rows; ) {
    let block = '';
    for (let count = 0; count < 5000 && made < rows; count++, made++) block += row(random, made);
    yield Buffer.from(block, 'latin1');
  }
}

const exists = (path) =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * An S3 inventory of so many rows in one CSV.gz file, as AWS delivers it, made once and kept in `.cache/`.
 * Returns the paths of its manifest and of the data file.
 */
export async function madeInventory(rows) {
  const cache = join(import.meta.dirname, '../../.cache', `inventory-${rows}`);
  const manifest = join(cache, 'manifest.json');
  const key = `inventory/data/${rows}.csv.gz`;
  const data = join(cache, key);
  if (await exists(join(cache, 'manifest.checksum'))) return { manifest, data };
  await mkdir(join(cache, 'inventory/data'), { recursive: true });
  const md5 = createHash('md5');
  let size = 0;
  const measure = new Transform({
    transform(piece, _encoding, done) {
      md5.update(piece);
      size += piece.length;
      done(null, piece);
    },
  });
  await pipeline(Readable.from(blocks(rows)), createGzip(), measure, createWriteStream(`${data}.part`));
  await rename(`${data}.part`, data);
  const text = JSON.stringify({
    sourceBucket: BUCKET,
    destinationBucket: 'arn:aws:s3:::acme-inventories',
    version: '2016-11-30',
    creationTimestamp: '1763856000000',
    fileFormat: 'CSV',
    fileSchema: SCHEMA,
    files: [{ key, size, MD5checksum: md5.digest('hex') }],
  });
  await writeFile(manifest, text);
  await writeFile(join(cache, 'manifest.checksum'), createHash('md5').update(text).digest('hex'));
  return { manifest, data };
}
