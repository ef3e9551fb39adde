import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { explained } from '../aws/explain.ts';
import type { Session } from '../aws/session.ts';
import { type Waiting, waitFor } from '../aws/wait.ts';
import { RekbackError } from '../runtime/errors.ts';
import { namesOf } from '../stack/aws-names.ts';
import { type AwsRecord, assertWritable, specOf } from '../stack/record.ts';

/** How long the move is watched; AWS goes on with it by itself. */
const MOVED = { every: 2000, within: 60_000 };

export interface Redriven {
  /** Messages that were moved back so far, as SQS counts. */
  moved: number;
  /** False while AWS is still at it. */
  finished: boolean;
}

/** Messages that could not be carried out, approximately. */
export const countDeadLetters = ({ clients }: Session, record: AwsRecord): Promise<number> => {
  const sqs = clients(SQSClient);
  const count = async () => {
    const { QueueUrl } = await sqs.send(
      new GetQueueUrlCommand({ QueueName: namesOf(specOf(record)).deadLetters.name }),
    );
    const AttributeNames = ['ApproximateNumberOfMessages' as const];
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
    return Number(Attributes?.ApproximateNumberOfMessages ?? 0);
  };
  return explained("can't look at the dead letters", count());
};

/**
 * Has SQS move the dead letters back into the live queue, where they are tried again as if they were new; joins a move that
 * is under way. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
 *
 * @throws RekbackError `redrive-failed`, `stack-newer`
 */
export const redrive = (session: Session, record: AwsRecord, waiting: Waiting): Promise<Redriven> =>
  explained("can't bring the dead letters back", move(session, record, waiting));

async function move({ clients }: Session, record: AwsRecord, waiting: Waiting): Promise<Redriven> {
  assertWritable(record);
  const sqs = clients(SQSClient);
  const { deadLetters, queue } = namesOf(specOf(record));
  const SourceArn = deadLetters.arn;
  const newest = async () => {
    const { Results: [task] = [] } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn }));
    return task;
  };
  if ((await newest())?.Status !== 'RUNNING') {
    // Named, for one that a person sent there has no queue that it came from.
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn, DestinationArn: queue.arn }));
  }
  let moved = 0;
  const ended = async () => {
    const task = await newest();
    moved = task?.ApproximateNumberOfMessagesMoved ?? 0;
    if (task?.Status === 'FAILED') throw failed(task.FailureReason);
    return task?.Status === 'RUNNING' ? undefined : true;
  };
  const finished = await waitFor('the dead letters to be moved', ended, MOVED, waiting).catch(
    (error: unknown) => {
      if (error instanceof RekbackError && error.code === 'aws-wait') return false;
      throw error;
    },
  );
  return { moved, finished };
}

const failed = (reason = 'SQS does not say why') =>
  new RekbackError('redrive-failed', `the dead letters could not all be moved back: ${reason}`, {
    suggestions: ['what was moved is tried again; bring back the rest with the same command'],
  });
