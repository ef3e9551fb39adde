import { EventBridgeClient, ListRulesCommand, type Rule } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { openS3Objects } from '../../adapters/s3/objects.ts';
import { readNotifications } from '../../aws/change-notifications.ts';
import { ifThere, isAwsError } from '../../aws/errors.ts';
import type { Context } from '../context.ts';
import { defineResource, type Resource } from '../resource.ts';
import { inspectedOnly } from './inspected-only.ts';
import { atBucket, changeNotificationsOf } from './notifications.ts';

/** There where this stack has made the bucket of the images tell EventBridge: that itself can't be marked as ours. */
const TURNED_ON = 'before/event-bridge-was-off.json';

/**
 * With `--live eventbridge` on a bucket that did not tell EventBridge anything, and once that was agreed to. A bucket
 * that did is left as it is: then this is no resource of the stack.
 *
 * A teardown turns it off again unless another rule of the account may have come to depend on it, or that can't be
 * known: then it stays, as changing it could cut off somebody else, and leaving it cuts off nobody.
 *
 * @param after - the bucket's notifications among them: both write the same configuration, so never at the same time
 */
export function eventBridge(context: Context, after: readonly Resource[]): Resource {
  const { spec, names, clients } = context;
  const objects = openS3Objects(clients, { bucket: names.bucket.name, account: spec.account });
  const isOn = async () => {
    const current = await ifThere(readNotifications(clients(S3Client), atBucket(context, spec.bucket)));
    return current?.EventBridgeConfiguration !== undefined;
  };
  const turn = (on: boolean) =>
    changeNotificationsOf(context, spec.bucket, { ids: [], entries: [], eventBridge: on });

  return inspectedOnly(
    context,
    defineResource<{ on: boolean }>(context, {
      type: 'event-bridge',
      name: spec.bucket,
      after,
      wanted: () =>
        spec.live === 'eventbridge' && spec.enableEventBridge === true ? { on: true } : undefined,
      async read() {
        const [on, mark] = await Promise.all([isOn(), objects.get(TURNED_ON)]);
        // Where the bucket's owner turned it on there is no mark.
        const byOwner = on && spec.bucketChanges === 'print' && spec.enableEventBridge === true;
        return mark === undefined && !byOwner ? undefined : { config: { on } };
      },
      async create() {
        // The mark first: what is turned on without it would never be turned off.
        await objects.put(TURNED_ON, Buffer.from('{}\n'));
        await turn(true);
      },
      update: () => turn(true),
      async remove() {
        if (!(await isUsedByOthers(context))) await turn(false);
        await objects.remove(TURNED_ON);
      },
    }),
  );
}

/** Whether a rule that is not this stack's may be about the bucket; also where the rules may not be listed. */
async function isUsedByOthers({ clients, names, spec }: Context): Promise<boolean> {
  try {
    let NextToken: string | undefined;
    do {
      const page = await clients(EventBridgeClient).send(new ListRulesCommand({ NextToken }));
      const isOthers = ({ Name, EventPattern }: Rule) =>
        Name !== names.liveRule.name && EventPattern !== undefined && mayMatch(EventPattern, spec.bucket);
      if (page.Rules?.some(isOthers)) return true;
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    return false;
  } catch (error) {
    if (isAwsError(error, 'AccessDeniedException', 'AccessDenied')) return true;
    throw error;
  }
}

/** Whether a pattern leaves it open that an event is one of S3 about the bucket. Only plain lists of names rule it out. */
function mayMatch(eventPattern: string, bucket: string): boolean {
  const { source, detail } = JSON.parse(eventPattern);
  const excludes = (allowed: unknown, value: string) =>
    Array.isArray(allowed) &&
    allowed.every((each) => typeof each === 'string') &&
    !allowed.some((each) => each === value);
  return !excludes(source, 'aws.s3') && !excludes(detail?.bucket?.name, bucket);
}
