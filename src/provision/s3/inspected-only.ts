import { RekbackError } from '../../runtime/errors.ts';
import type { Context } from '../context.ts';
import type { Resource } from '../resource.ts';

/**
 * Something on the bucket of the images. With `--bucket-changes print` its owner makes and removes it: setup looks
 * whether it is there as wanted, and writes nothing.
 */
export function inspectedOnly({ spec }: Context, resource: Resource): Resource {
  if (spec.bucketChanges === 'apply') return resource;
  const { type, name } = resource;
  return {
    ...resource,
    byOwner: true,
    async ensure() {
      if (!resource.isWanted()) return;
      const found = await resource.inspect();
      if (found.state === 'present') return;
      const differs =
        found.state === 'drifted'
          ? `differs in ${found.drift.map(({ field }) => field).join(', ')}`
          : 'is missing';
      throw new RekbackError(
        'bucket-changes-needed',
        `the ${type} '${name}' on the bucket '${spec.bucket}' ${differs}`,
        {
          suggestions: [
            `give the bucket's owner what this prints: rekback setup --bucket ${spec.bucket} --bucket-changes print --dry-run`,
            'once it is there, run the same command again',
          ],
        },
      );
    },
    async remove() {},
  };
}
