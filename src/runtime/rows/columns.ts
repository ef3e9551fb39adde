import { RekbackError } from '../errors.ts';

/** Where a row's values are: the index of each known column, −1 for one that is not there. */
export interface Columns {
  count: number;
  bucket: number;
  key: number;
  size: number;
  lastModified: number;
  etag: number;
  storageClass: number;
  accessTier: number;
  encryption: number;
  isLatest: number;
  isDeleteMarker: number;
}

type ColumnName = Exclude<keyof Columns, 'count'>;

/**
 * Spellings without case, space, `_` and `-`: `LastModifiedDate` of CSV inventories, `last_modified_date` of Parquet ones
 * (S3 User Guide, storage-inventory), and the shorter names that a person writes.
 */
const NAMES: ReadonlyMap<string, ColumnName> = new Map([
  ['bucket', 'bucket'],
  ['key', 'key'],
  ['size', 'size'],
  ['lastmodified', 'lastModified'],
  ['lastmodifieddate', 'lastModified'],
  ['etag', 'etag'],
  ['storageclass', 'storageClass'],
  ['intelligenttieringaccesstier', 'accessTier'],
  ['encryptionstatus', 'encryption'],
  ['islatest', 'isLatest'],
  ['isdeletemarker', 'isDeleteMarker'],
]);

/** Which value a column of this name holds, if any that planning or labelling uses. */
export const columnName = (name: string): ColumnName | undefined =>
  NAMES.get(name.toLowerCase().replace(/[\s_-]/g, ''));

/**
 * Finds the known columns among a file's column names; others are passed over.
 * Throws `column-missing` when a required one is not there and `column-repeated` when one is there twice.
 */
export function columnsOf(names: readonly string[], file: string, required: readonly ColumnName[]): Columns {
  const columns: Columns = {
    count: names.length,
    bucket: -1,
    key: -1,
    size: -1,
    lastModified: -1,
    etag: -1,
    storageClass: -1,
    accessTier: -1,
    encryption: -1,
    isLatest: -1,
    isDeleteMarker: -1,
  };
  names.forEach((name, index) => {
    const column = columnName(name);
    if (column === undefined) return;
    if (columns[column] !== -1) {
      throw new RekbackError('column-repeated', `'${file}' has two columns for the ${column}`, {
        suggestions: ['name each column once'],
      });
    }
    columns[column] = index;
  });
  for (const column of required) {
    if (columns[column] === -1) {
      throw new RekbackError(
        'column-missing',
        `'${file}' has no column for the ${column}, only ${names.map((name) => `'${name}'`).join(', ')}`,
        { suggestions: [`name a file with a column '${column}'`] },
      );
    }
  }
  return columns;
}
