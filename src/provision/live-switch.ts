import {
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { openS3Objects } from '../adapters/s3/objects.ts';
import { isAwsError } from '../aws/errors.ts';
import { explained } from '../aws/explain.ts';
import type { Session } from '../aws/session.ts';
import { retryWhile, type Waiting, waitFor } from '../aws/wait.ts';
import { RekbackError } from '../runtime/errors.ts';
import { namesOf } from '../stack/aws-names.ts';
import { type AwsRecord, assertWritable, specOf, writeRecord } from '../stack/record.ts';

/** A mapping takes some seconds to change its state, and can't be changed meanwhile. */
const SWITCHED = { every: 2000, within: 180_000 };

/**
 * Lets the live function take what is in its queue, or not. The wish is in the stack's record, where setup finds it: what a
 * person has paused stays so until that person resumes it, whatever setup repairs meanwhile. It is written first, so that a
 * setup finishes what was interrupted.
 *
 * @returns whether that was another state than before
 * @throws RekbackError `live-missing`, `stack-newer`, `aws-wait`
 */
export const switchLive = (
  session: Session,
  record: AwsRecord,
  to: 'paused' | 'running',
  waiting: Waiting,
): Promise<boolean> =>
  explained(
    `can't ${to === 'paused' ? 'pause' : 'resume'} live changes`,
    change(session, record, to, waiting),
  );

async function change(
  { clients }: Session,
  record: AwsRecord,
  to: 'paused' | 'running',
  waiting: Waiting,
): Promise<boolean> {
  assertWritable(record);
  const names = namesOf(specOf(record));
  const lambda = clients(LambdaClient);
  const find = async () => {
    const { EventSourceMappings: [mapping] = [] } = await lambda.send(
      new ListEventSourceMappingsCommand({
        FunctionName: names.function.name,
        EventSourceArn: names.queue.arn,
      }),
    );
    if (mapping?.UUID === undefined) throw missing(record);
    return { UUID: mapping.UUID, state: mapping.State };
  };
  const { UUID, state } = await find();
  const { livePaused = false, ...rest } = record.aws;
  const wish = to === 'paused';
  if (livePaused !== wish) {
    const objects = openS3Objects(clients, { bucket: names.bucket.name, account: rest.account });
    await writeRecord(objects, { ...record, aws: wish ? { ...rest, livePaused: true } : rest });
  }
  const wanted = wish ? 'Disabled' : 'Enabled';
  if (state === wanted) return livePaused !== wish;
  const update = new UpdateEventSourceMappingCommand({ UUID, Enabled: !wish });
  const isBusy = (error: unknown) => isAwsError(error, 'ResourceInUseException', 'ResourceConflictException');
  await retryWhile(isBusy, () => lambda.send(update), SWITCHED, waiting);
  const isSwitched = async () => ((await find()).state === wanted ? true : undefined);
  await waitFor(`live changes to be ${to}`, isSwitched, SWITCHED, waiting);
  return true;
}

const missing = ({ name, aws }: AwsRecord) =>
  new RekbackError('live-missing', `the live function of stack '${name}' takes nothing from its queue`, {
    suggestions: [`put it right with: rekback setup --bucket ${aws.bucket} --stack ${name}`],
  });
