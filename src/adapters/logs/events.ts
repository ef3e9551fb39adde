import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { Clients } from '../../aws/clients.ts';
import { isAwsError } from '../../aws/errors.ts';
import { explain } from '../../aws/explain.ts';

/** A line as CloudWatch Logs has it. */
export interface LogEvent {
  id: string;
  /** Epoch milliseconds. */
  time: number;
  stream: string;
  message: string;
}

export interface LogQuery {
  group: string;
  /** Left out: every stream of the group. */
  streams?: readonly string[];
  /** Epoch milliseconds; the first is part of it, the last is not. */
  from: number;
  to?: number;
  signal: AbortSignal;
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html */
const STREAMS_AT_ONCE = 100;

/**
 * Lines of a log group in the order of time; with more than a hundred streams, of a hundred after the other. A stream or
 * group that is not there has none: the first line makes a stream.
 */
export async function* readEvents(clients: Clients, query: LogQuery): AsyncGenerator<LogEvent> {
  const { streams } = query;
  if (streams === undefined) return yield* readSome(clients, query, undefined);
  for (let at = 0; at < streams.length; at += STREAMS_AT_ONCE)
    yield* readThere(clients, query, streams.slice(at, at + STREAMS_AT_ONCE));
}

/** One stream that is missing fails the request for all of them, and is not named: so they are halved until it is alone. */
async function* readThere(
  clients: Clients,
  query: LogQuery,
  streams: readonly string[],
): AsyncGenerator<LogEvent> {
  try {
    yield* readSome(clients, query, streams);
  } catch (error) {
    if (!isAwsError(error, 'ResourceNotFoundException')) throw error;
    if (streams.length === 1) return;
    const half = streams.length >> 1;
    yield* readThere(clients, query, streams.slice(0, half));
    yield* readThere(clients, query, streams.slice(half));
  }
}

async function* readSome(
  clients: Clients,
  { group, from, to, signal: abortSignal }: LogQuery,
  streams: readonly string[] | undefined,
): AsyncGenerator<LogEvent> {
  const logs = clients(CloudWatchLogsClient);
  let nextToken: string | undefined;
  do {
    const page = await logs
      .send(
        new FilterLogEventsCommand({
          logGroupName: group,
          startTime: from,
          nextToken,
          ...(to !== undefined && { endTime: to }),
          ...(streams !== undefined && { logStreamNames: [...streams] }),
        }),
        { abortSignal },
      )
      .catch((error: unknown) => {
        abortSignal.throwIfAborted();
        if (isAwsError(error, 'ResourceNotFoundException')) {
          // A group without any stream of ours, or none at all, says nothing.
          if (streams === undefined) return { events: [], nextToken: undefined };
          throw error;
        }
        throw explain(error, { code: 'logs-unreadable', doing: `can't read the log group '${group}'` });
      });
    for (const { eventId = '', timestamp = 0, logStreamName = '', message = '' } of page.events ?? [])
      yield { id: eventId, time: timestamp, stream: logStreamName, message };
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
}

/** What one stream ends with. */
export async function lastLines(
  clients: Clients,
  group: string,
  stream: string,
  count: number,
): Promise<string[]> {
  const lines: string[] = [];
  const query = { group, streams: [stream], from: 0, signal: new AbortController().signal };
  for await (const { message } of readEvents(clients, query)) {
    lines.push(message);
    if (lines.length > count) lines.shift();
  }
  return lines;
}
