import { RekbackError } from '../errors.ts';

/** What an S3 inventory's manifest.json says (S3 User Guide, storage-inventory-location). */
export interface Manifest {
  sourceBucket: string;
  format: 'CSV' | 'Parquet';
  columns: string[];
  /** Sizes in bytes; MD5 sums in lower-case hexadecimal. */
  files: { key: string; size: number; md5: string }[];
}

/** Reads a manifest; `name` is its path or address. Throws `manifest-invalid` or `orc-unsupported`. */
export function parseManifest(bytes: Buffer, name: string): Manifest {
  const invalid = (why: string, cause?: unknown): RekbackError =>
    new RekbackError('manifest-invalid', `'${name}' is not the manifest of an S3 inventory: ${why}`, {
      cause,
      suggestions: ['name the manifest.json that S3 wrote for a delivered inventory'],
    });
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString());
  } catch (error) {
    throw invalid('it is not JSON', error);
  }
  const manifest = members(json);
  const text = (field: string): string => {
    const value = manifest[field];
    if (typeof value !== 'string' || value === '') throw invalid(`it has no ${field}`);
    return value;
  };
  const sourceBucket = text('sourceBucket');
  const format = formatOf(text('fileFormat'), name);
  const columns = columnNames(format, text('fileSchema'));
  if (!Array.isArray(manifest.files)) throw invalid('it has no files');
  const files = manifest.files.map((listed, index) => {
    const { key, size, MD5checksum: md5 } = members(listed);
    if (
      typeof key !== 'string' ||
      typeof size !== 'number' ||
      typeof md5 !== 'string' ||
      !/^[\da-f]{32}$/i.test(md5)
    ) {
      throw invalid(`file ${index + 1} has no key, size or MD5checksum`);
    }
    return { key, size, md5: md5.toLowerCase() };
  });
  return { sourceBucket, format, columns, files };
}

const members = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

function formatOf(format: string, name: string): Manifest['format'] {
  switch (format.toLowerCase()) {
    case 'csv':
      return 'CSV';
    case 'parquet':
      return 'Parquet';
    case 'orc':
      throw orcUnsupported(name);
    default:
      throw new RekbackError('manifest-invalid', `'${name}' names the unknown file format '${format}'`, {
        suggestions: ['set the inventory’s output format to CSV or Parquet'],
      });
  }
}

/** ORC has no reader without native code. */
export const orcUnsupported = (name: string): RekbackError =>
  new RekbackError('orc-unsupported', `'${name}' holds rows as ORC, which can't be read`, {
    suggestions: ['set the inventory’s output format to CSV or Parquet, and name the next one'],
  });

/** `Bucket, Key, Size` of CSV; `message s3.inventory { required binary bucket (UTF8); … }` of Parquet. */
function columnNames(format: Manifest['format'], schema: string): string[] {
  if (format === 'CSV') return schema.split(',').map((name) => name.trim());
  return [...schema.matchAll(/\b(?:required|optional)\s+\w+\s+(\w+)/g)].flatMap(([, name]) => name ?? []);
}
