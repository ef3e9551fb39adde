import { SystemicError } from '../../runtime/errors.ts';
import type { IndexClient } from './client.ts';
import { INDEX_FORMAT } from './mapping.ts';

/**
 * Makes sure that an alias leads to an index of this bucket, in a form that this rekback knows.
 * @throws SystemicError `index-missing`, `index-of-another-bucket`, `stack-newer`
 */
export async function checkIndex(client: IndexClient, alias: string, bucket: string): Promise<void> {
  const mappings = (await client.ask({ method: 'GET', path: `/${alias}/_mapping` })) as Record<
    string,
    { mappings: { _meta?: { rekback?: { format: number; bucket: string } } } }
  >;
  for (const [index, { mappings: mapping }] of Object.entries(mappings)) {
    const { format = 0, bucket: other } = mapping._meta?.rekback ?? {};
    if (format > INDEX_FORMAT) {
      throw new SystemicError(
        'stack-newer',
        `the index ${index} has version ${format}, newer than ${INDEX_FORMAT}, the newest that this rekback knows`,
        { suggestions: ['npm install -g rekback@latest'] },
      );
    }
    if (other !== bucket) {
      throw new SystemicError(
        'index-of-another-bucket',
        `the index ${index} is of ${other ?? 'nobody'}, not ${bucket}`,
      );
    }
  }
}
