import { AwsError } from '../kernel/errors.ts';
import { operations } from '../kernel/operation.ts';
import { bool, int, list, need, str, struct } from '../kernel/shape.ts';
import {
  about,
  arnOf,
  groupName,
  groupNamed,
  type LogGroup,
  type LogStream,
  type LogsState,
  notFound,
  paging,
} from './state.ts';

const op = operations<LogsState>();
const streamName = str({ min: 1, max: 512, pattern: /^[^:*]*$/ });

function streamNamed(group: LogGroup, name: string): LogStream {
  const stream = group.streams.get(name);
  if (!stream) throw notFound('stream');
  return stream;
}

export const streamOperations = [
  op(
    'CreateLogStream',
    'Write',
    struct({ logGroupName: need(groupName), logStreamName: need(streamName) }),
    (call, { logGroupName, logStreamName }) => {
      const { streams } = groupNamed(call, logGroupName);
      if (streams.has(logStreamName)) {
        throw new AwsError('ResourceAlreadyExistsException', 'The specified log stream already exists');
      }
      streams.set(logStreamName, { created: call.now(), _events: [] });
    },
    about,
  ),
  op(
    'DescribeLogStreams',
    'List',
    struct({
      logGroupName: groupName,
      logStreamNamePrefix: streamName,
      orderBy: str({ oneOf: ['LogStreamName', 'LastEventTime'] }),
      descending: bool(),
      ...paging,
    }),
    (call, { logGroupName, logStreamNamePrefix = '', orderBy, descending = false }) => {
      if (orderBy === 'LastEventTime' && logStreamNamePrefix !== '') {
        throw new AwsError(
          'InvalidParameterException',
          'Cannot order by LastEventTime with a logStreamNamePrefix.',
        );
      }
      const streams = [...groupNamed(call, logGroupName).streams].filter(([name]) =>
        name.startsWith(logStreamNamePrefix),
      );
      const last = (stream: LogStream) => stream._events.at(-1)?.timestamp ?? 0;
      streams.sort(([a, one], [b, other]) =>
        orderBy === 'LastEventTime' ? last(one) - last(other) : a < b ? -1 : 1,
      );
      const ordered = descending ? streams.toReversed() : streams;
      return {
        logStreams: ordered.map(([name, stream]) => ({
          logStreamName: name,
          creationTime: stream.created.getTime(),
          firstEventTimestamp: stream._events[0]?.timestamp,
          lastEventTimestamp: stream._events.at(-1)?.timestamp,
          arn: `${arnOf(call, logGroupName ?? '')}:log-stream:${name}`,
        })),
      };
    },
    about,
  ),
  op(
    'PutLogEvents',
    'Write',
    struct({
      logGroupName: need(groupName),
      logStreamName: need(streamName),
      logEvents: need(
        list(struct({ timestamp: need(int(0)), message: need(str({ min: 1 })) }), { min: 1, max: 10_000 }),
      ),
    }),
    (call, { logGroupName, logStreamName, logEvents }) => {
      const stream = streamNamed(groupNamed(call, logGroupName), logStreamName);
      const ingestionTime = call.world.clock.now();
      stream._events.push(...logEvents.map((event) => ({ ...event, ingestionTime })));
      return {};
    },
    about,
  ),
  op(
    'GetLogEvents',
    'Read',
    struct({
      logGroupName: groupName,
      logStreamName: need(streamName),
      startTime: int(0),
      endTime: int(0),
      nextToken: str({ min: 1 }),
      limit: int(1, 10_000),
      startFromHead: bool(),
    }),
    (
      call,
      {
        logGroupName,
        logStreamName,
        startTime = 0,
        endTime = Number.POSITIVE_INFINITY,
        nextToken,
        limit = 10_000,
        startFromHead = false,
      },
    ) => {
      const stream = streamNamed(groupNamed(call, logGroupName), logStreamName);
      const all = stream._events.filter((event) => event.timestamp >= startTime && event.timestamp < endTime);
      const [, direction, position] = /^([fb])\/(\d+)$/.exec(nextToken ?? '') ?? [];
      const from =
        position === undefined ? (startFromHead ? 0 : Math.max(0, all.length - limit)) : Number(position);
      const start = direction === 'b' ? Math.max(0, from - limit) : from;
      const page = all.slice(start, direction === 'b' ? from : start + limit);
      // The same token again means that there is no more: so AWS ends a forward read.
      return {
        events: page,
        nextForwardToken: `f/${start + page.length}`,
        nextBackwardToken: `b/${start}`,
      };
    },
    about,
  ),
  op(
    'FilterLogEvents',
    'Read',
    struct({
      logGroupName: groupName,
      logStreamNames: list(streamName, { min: 1, max: 100 }),
      logStreamNamePrefix: streamName,
      startTime: int(0),
      endTime: int(0),
      filterPattern: str({ max: 1024 }),
      nextToken: str({ min: 1 }),
      limit: int(1, 10_000),
    }),
    (
      call,
      {
        logGroupName,
        logStreamNames,
        logStreamNamePrefix = '',
        startTime = 0,
        endTime = Number.POSITIVE_INFINITY,
        filterPattern = '',
        nextToken = '0',
        limit = 10_000,
      },
    ) => {
      const words = filterPattern.replaceAll('"', '').split(/\s+/).filter(Boolean);
      const all = [...groupNamed(call, logGroupName).streams]
        .filter(([name]) => name.startsWith(logStreamNamePrefix) && (logStreamNames?.includes(name) ?? true))
        .flatMap(([name, stream]) =>
          stream._events.map((event, at) => ({
            logStreamName: name,
            eventId: `${name}/${at}`,
            ...event,
          })),
        )
        .filter((event) => event.timestamp >= startTime && event.timestamp < endTime)
        .filter((event) => words.every((word) => event.message.includes(word)))
        .sort((a, b) => a.timestamp - b.timestamp);
      const start = Number(nextToken);
      return {
        events: all.slice(start, start + limit),
        searchedLogStreams: [],
        ...(all.length > start + limit && { nextToken: String(start + limit) }),
      };
    },
    about,
  ),
];
