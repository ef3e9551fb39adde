import { RekbackError } from '../errors.ts';

/**
 * Whether a row stands for what a reader of the bucket sees. An inventory of all versions has a row for each, and for
 * each delete marker; one of current versions has neither column.
 */
export function isCurrentVersion(isLatest: unknown, isDeleteMarker: unknown, where: string): boolean {
  return truth(isLatest, true, where) && !truth(isDeleteMarker, false, where);
}

function truth(value: unknown, absent: boolean, where: string): boolean {
  if (value === undefined || value === '') return absent;
  switch (String(value).toLowerCase()) {
    case 'true':
      return true;
    case 'false':
      return false;
    default:
      throw new RekbackError('row-invalid', `${where} has '${value}' where true or false should be`, {
        suggestions: ['name an inventory as S3 delivered it'],
      });
  }
}

/** A row that names another bucket than the stack's: nothing of the file is trusted then. */
export const wrongBucket = (where: string, found: string, bucket: string): RekbackError =>
  new RekbackError('wrong-bucket', `${where} is of bucket '${found}', not of '${bucket}'`, {
    suggestions: ['name a file of this stack’s bucket, or another stack with --stack'],
  });
