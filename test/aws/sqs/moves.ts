import { AwsError } from '../kernel/errors.ts';
import { operations } from '../kernel/operation.ts';
import { int, need, str, struct } from '../kernel/shape.ts';
import { redriveOf } from './attributes.ts';
import { enqueue, type Queue, type SqsCall, type SqsState, sqsError } from './state.ts';

const op = operations<SqsState>();

function queueOfArn(call: SqsCall, arn: string): Queue {
  const queue = [...call.state.queues.values()].find((each) => each.arn === arn);
  if (!queue) {
    throw new AwsError(
      'com.amazonaws.sqs#ResourceNotFoundException',
      "The resource that you specified for the SourceArn parameter doesn't exist.",
      { status: 404 },
    );
  }
  return queue;
}

/** Moving a dead-letter queue's messages back. Done at once: the double knows no slow move. */
export const moveOperations = [
  op(
    'StartMessageMoveTask',
    'Write',
    struct({ SourceArn: need(str()), DestinationArn: str(), MaxNumberOfMessagesPerSecond: int(1, 500) }),
    (call, { SourceArn, DestinationArn }) => {
      const source = queueOfArn(call, SourceArn);
      const isDeadLetterQueue = [...call.state.queues.values()].some(
        (queue) => redriveOf(queue)?.deadLetterTargetArn === SourceArn,
      );
      if (!isDeadLetterQueue) {
        throw sqsError('InvalidParameterValue', 'Source queue must be configured as a Dead Letter Queue.');
      }
      const now = call.world.clock.now();
      const stay: Queue['_messages'] = [];
      let moved = 0;
      for (const message of source._messages) {
        const to = DestinationArn ?? message.deadFrom;
        if (to === undefined || message.visibleAt > now) {
          stay.push(message);
          continue;
        }
        enqueue(queueOfArn(call, to), {
          id: call.world.ids.uuid(),
          body: message.body,
          now,
          attributes: message.attributes,
          system: message.system,
        });
        moved++;
      }
      source._messages = stay;
      const handle = call.world.ids.make('', 'word', 40);
      call.state._moves.unshift({
        handle,
        source: SourceArn,
        destination: DestinationArn,
        moved,
        started: now,
      });
      return { TaskHandle: handle };
    },
    { resource: ({ SourceArn }) => SourceArn },
  ),
  op(
    'ListMessageMoveTasks',
    'Read',
    struct({ SourceArn: need(str()), MaxResults: int(1, 10) }),
    (call, { SourceArn, MaxResults = 1 }) => {
      queueOfArn(call, SourceArn);
      const moves = call.state._moves.filter((move) => move.source === SourceArn).slice(0, MaxResults);
      return {
        Results: moves.map((move) => ({
          Status: 'COMPLETED',
          SourceArn,
          DestinationArn: move.destination,
          ApproximateNumberOfMessagesMoved: move.moved,
          ApproximateNumberOfMessagesToMove: move.moved,
          StartedTimestamp: move.started,
        })),
      };
    },
    { resource: ({ SourceArn }) => SourceArn },
  ),
];
