import { openS3Objects } from '../../adapters/s3/objects.ts';
import { RekbackError } from '../../runtime/errors.ts';
import { STACK_RECORD } from '../../runtime/run/layout.ts';
import { type AwsRecord, readRecord, type StackRecord, writeRecord } from '../../stack/record.ts';
import type { Context } from '../context.ts';
import { defineResource, type Resource } from '../resource.ts';

/**
 * What was chosen for the stack, in its bucket: written before anything else is made, so that whoever finishes or
 * removes an interrupted setup knows what it was to be. Goes with the bucket, as the last of its objects.
 */
export function stackRecord(context: Context, wanted: AwsRecord, bucket: Resource): Resource {
  const { spec, names, clients } = context;
  const objects = openS3Objects(clients, { bucket: names.bucket.name, account: spec.account });
  return defineResource<{ record: StackRecord | undefined }>(context, {
    type: 'record',
    name: STACK_RECORD,
    after: [bucket],
    wanted: () => ({ record: wanted }),
    async read() {
      try {
        const record = await readRecord(objects, spec.name);
        return record && { config: { record } };
      } catch (error) {
        // A damaged record is written again like one that differs.
        if (error instanceof RekbackError && error.code === 'stack-damaged')
          return { config: { record: undefined } };
        throw error;
      }
    },
    create: () => writeRecord(objects, wanted),
    update: () => writeRecord(objects, wanted),
    remove: async () => {},
  });
}
