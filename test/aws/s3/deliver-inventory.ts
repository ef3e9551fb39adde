import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { allows, parsePolicy } from '../kernel/policy.ts';
import type { World } from '../kernel/world.ts';
import { announce, formEncoded } from './events.ts';
import { INVENTORY_FIELDS, type InventoryConfiguration, inventoryOf } from './inventory.ts';
import { bucketNamed } from './reach.ts';
import { s3 } from './service.ts';
import {
  addVersion,
  type Bucket,
  etagOf,
  isVersioned,
  type S3Call,
  sortedKeys,
  type Version,
} from './state.ts';

/** One row: text by column, in the columns' order. */
type Row = Record<string, string>;

export interface Delivery {
  /** Key of manifest.json in the destination bucket. */
  manifest: string;
  rows: number;
}

const DAY = 24 * 3_600_000;

/**
 * Has S3 deliver by itself from now until the next reset: after a day of the clock, and then once a day, every inventory
 * that is configured; weekly ones on Sundays only. Reports of ORC are left out.
 */
export function runInventories(world: World): void {
  world.clock.after(DAY, () => {
    runInventories(world);
    const isSunday = world.clock.date().getUTCDay() === 0;
    for (const bucket of world.state(s3, '', '').buckets.values()) {
      for (const [id, known] of bucket.inventories) {
        const configuration = known.read(world.clock.now()) as InventoryConfiguration | undefined;
        if (configuration === undefined) continue;
        if (configuration.Schedule.Frequency === 'Weekly' && !isSunday) continue;
        if (configuration.Destination.S3BucketDestination.Format === 'ORC') continue;
        deliverInventory(world, bucket.name, id);
      }
    }
  });
}

/**
 * Delivers an inventory report now, as S3 does within 48 hours: data files, manifest.json, then manifest.checksum. Undefined
 * when the configuration is disabled or the destination's policy does not let S3 in: then nothing ever arrives.
 */
export function deliverInventory(
  world: World,
  bucketName: string,
  id: string,
  options: { rowsPerFile?: number } = {},
): Delivery | undefined {
  const bucket = bucketNamed(world, bucketName);
  if (!bucket) throw new Error(`no bucket ${bucketName}`);
  const configuration = inventoryOf({ world }, bucket, id);
  const { Bucket: arn, Prefix: prefix, Format: format } = configuration.Destination.S3BucketDestination;
  const destination = bucketNamed(world, arn.replace('arn:aws:s3:::', ''));
  const base = `${prefix ? `${prefix.replace(/\/$/, '')}/` : ''}${bucketName}/${id}`;
  if (!destination || !configuration.IsEnabled || !mayWrite(bucket, destination, base)) return undefined;
  if (format === 'ORC') throw new Error('the double writes no ORC reports');
  const write = writer(world, destination);
  const rows = rowsOf(bucket, configuration);
  const size = Math.max(1, options.rowsPerFile ?? 1_000_000);
  const files: object[] = [];
  for (let at = 0; at === 0 || at < rows.length; at += size) {
    const body = dataFile(rows.slice(at, at + size), columns(configuration), format);
    const key = `${base}/data/${world.ids.uuid()}.${format === 'CSV' ? 'csv.gz' : 'parquet'}`;
    write(key, body);
    files.push({ key, size: body.length, MD5checksum: createHash('md5').update(body).digest('hex') });
  }
  const started = world.clock.date().toISOString();
  const folder = `${base}/${started.slice(0, 16).replace(':', '-')}Z`;
  const manifest = Buffer.from(
    JSON.stringify({
      sourceBucket: bucketName,
      destinationBucket: arn,
      version: '2016-11-30',
      creationTimestamp: String(world.clock.now()),
      fileFormat: format,
      fileSchema: schemaOf(columns(configuration), format),
      files,
    }),
  );
  write(`${folder}/manifest.json`, manifest);
  write(`${folder}/manifest.checksum`, Buffer.from(createHash('md5').update(manifest).digest('hex')));
  return { manifest: `${folder}/manifest.json`, rows: rows.length };
}

function mayWrite(source: Bucket, destination: Bucket, folder: string): boolean {
  const policy = destination.configuration.get('policy')?.latest() as { text: string } | undefined;
  if (!policy) return false;
  return allows(parsePolicy(policy.text, 'resource'), {
    principal: { kind: 'Service', value: 's3.amazonaws.com' },
    action: 's3:PutObject',
    resource: `${destination.arn}/${folder}/data/file`,
    context: {
      'aws:SourceArn': source.arn,
      'aws:SourceAccount': source.owner,
      's3:x-amz-acl': 'bucket-owner-full-control',
      'aws:SecureTransport': 'true',
    },
  });
}

function columns({
  OptionalFields: fields = [],
  IncludedObjectVersions: versions,
}: InventoryConfiguration): string[] {
  const chosen = INVENTORY_FIELDS.filter((field) => fields.includes(field));
  const ofVersions = versions === 'All' ? ['VersionId', 'IsLatest', 'IsDeleteMarker'] : [];
  return ['Bucket', 'Key', ...ofVersions, ...chosen];
}

function rowsOf(bucket: Bucket, configuration: InventoryConfiguration): Row[] {
  const prefix = configuration.Filter?.Prefix ?? '';
  return sortedKeys(bucket)
    .filter((key) => key.startsWith(prefix))
    .flatMap((key) => {
      const versions = bucket.objects.get(key) ?? [];
      const chosen =
        configuration.IncludedObjectVersions === 'All'
          ? versions
          : versions.slice(-1).filter((each) => !each.deleteMarker);
      return chosen.map((version) => rowOf(bucket, version, version === versions.at(-1)));
    });
}

function rowOf(bucket: Bucket, version: Version, isLatest: boolean): Row {
  const kms = version.encryption.algorithm.startsWith('aws:kms');
  return {
    Bucket: bucket.name,
    Key: version.key,
    VersionId: version.versionId === 'null' ? '' : version.versionId,
    IsLatest: String(isLatest),
    IsDeleteMarker: String(version.deleteMarker),
    Size: version.deleteMarker ? '' : String(version.body.length),
    LastModifiedDate: version.modified.toISOString(),
    ETag: version.etag,
    StorageClass: version.deleteMarker ? '' : version.storageClass,
    IsMultipartUploaded: String(version.etag.includes('-')),
    ReplicationStatus: '',
    EncryptionStatus: kms ? 'SSE-KMS' : 'SSE-S3',
    IntelligentTieringAccessTier:
      version.tier ?? (version.storageClass === 'INTELLIGENT_TIERING' ? 'FREQUENT' : ''),
    BucketKeyStatus: 'DISABLED',
    ObjectOwner: bucket.owner,
  };
}

function dataFile(rows: readonly Row[], names: readonly string[], format: 'CSV' | 'Parquet'): Buffer {
  if (format === 'CSV') {
    const cell = (row: Row, name: string) => {
      const value = row[name] ?? '';
      return `"${(name === 'Key' ? formEncoded(value) : value).replaceAll('"', '""')}"`;
    };
    return gzipSync(rows.map((row) => `${names.map((name) => cell(row, name)).join(',')}\n`).join(''));
  }
  return Buffer.from(parquetWriteBuffer({ columnData: names.map((name) => parquetColumn(rows, name)) }));
}

function parquetColumn(rows: readonly Row[], name: string) {
  const data = rows.map((row) => {
    const text = row[name] ?? '';
    if (name === 'Size') return text === '' ? null : BigInt(text);
    if (name === 'LastModifiedDate') return new Date(text);
    return name.startsWith('Is') ? text === 'true' : text;
  });
  const type =
    name === 'Size'
      ? 'INT64'
      : name === 'LastModifiedDate'
        ? 'TIMESTAMP'
        : name.startsWith('Is')
          ? 'BOOLEAN'
          : 'STRING';
  return { name: snake(name), data, type, nullable: name !== 'Bucket' && name !== 'Key' } as const;
}

/** Parquet's column names: `last_modified_date`, `e_tag`. */
function snake(name: string): string {
  return name.replace(/(?!^)([A-Z])/g, '_$1').toLowerCase();
}

const PARQUET_TYPES: Readonly<Record<string, string>> = {
  Size: 'int64',
  LastModifiedDate: 'int64',
  IsLatest: 'boolean',
  IsDeleteMarker: 'boolean',
  IsMultipartUploaded: 'boolean',
};

function schemaOf(names: readonly string[], format: 'CSV' | 'Parquet'): string {
  if (format === 'CSV') return names.join(', ');
  const lines = names.map((name) => {
    const need = name === 'Bucket' || name === 'Key' ? 'required' : 'optional';
    const type = PARQUET_TYPES[name];
    if (name === 'LastModifiedDate') return `  ${need} int64 ${snake(name)} (TIMESTAMP_MILLIS);`;
    return type ? `  ${need} ${type} ${snake(name)};` : `  ${need} binary ${snake(name)} (UTF8);`;
  });
  return `message s3.inventory {\n${lines.join('\n')}\n}`;
}

/** Writes objects as the service itself, events included. */
function writer(world: World, bucket: Bucket): (key: string, body: Buffer) => void {
  const call: S3Call = {
    world,
    state: world.state(s3, '', ''),
    region: bucket.region,
    account: bucket.owner,
    principal: { account: bucket.owner, arn: 's3.amazonaws.com', userId: 'AIDAS3INVENTORY' },
    requestId: world.ids.uuid(),
    origin: '',
    now: () => world.clock.date(),
  };
  return (key, body) => {
    const version: Version = {
      key,
      versionId: isVersioned(bucket) ? world.ids.make('', 'word', 32) : 'null',
      deleteMarker: false,
      body,
      etag: etagOf(body),
      modified: world.clock.date(),
      storageClass: 'STANDARD',
      tier: undefined,
      headers: {},
      metadata: {},
      encryption: { algorithm: 'AES256', key: undefined },
      tags: new Map(),
    };
    addVersion(bucket, version);
    announce(call, bucket, version, { event: 'ObjectCreated:Put', reason: 'PutObject' });
  };
}
