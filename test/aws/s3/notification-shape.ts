import { list, need, type Shape, str, struct } from '../kernel/shape.ts';

/** Events that a bucket can notify of, from the API model. */
const EVENTS = [
  's3:ReducedRedundancyLostObject',
  's3:ObjectCreated:*',
  's3:ObjectCreated:Put',
  's3:ObjectCreated:Post',
  's3:ObjectCreated:Copy',
  's3:ObjectCreated:CompleteMultipartUpload',
  's3:ObjectRemoved:*',
  's3:ObjectRemoved:Delete',
  's3:ObjectRemoved:DeleteMarkerCreated',
  's3:ObjectRestore:*',
  's3:ObjectRestore:Post',
  's3:ObjectRestore:Completed',
  's3:ObjectRestore:Delete',
  's3:Replication:*',
  's3:Replication:OperationFailedReplication',
  's3:Replication:OperationNotTracked',
  's3:Replication:OperationMissedThreshold',
  's3:Replication:OperationReplicatedAfterThreshold',
  's3:LifecycleTransition',
  's3:IntelligentTiering',
  's3:ObjectAcl:Put',
  's3:LifecycleExpiration:*',
  's3:LifecycleExpiration:Delete',
  's3:LifecycleExpiration:DeleteMarkerCreated',
  's3:ObjectTagging:*',
  's3:ObjectTagging:Put',
  's3:ObjectTagging:Delete',
] as const;

const filter = struct({
  S3Key: struct({
    FilterRule: list(
      struct({ Name: need(str({ pattern: /^(prefix|suffix)$/i })), Value: need(str({ max: 1024 })) }),
      { flat: true },
    ),
  }),
});
const entry = {
  Id: str({ max: 255 }),
  Event: need(list(str({ oneOf: EVENTS }), { flat: true, min: 1 })),
  Filter: filter,
};

/** The document of `?notification`, by its names on the wire. */
export const notificationConfiguration = struct({
  QueueConfiguration: list(struct({ ...entry, Queue: need(str()) }), { flat: true }),
  TopicConfiguration: list(struct({ ...entry, Topic: need(str()) }), { flat: true }),
  CloudFunctionConfiguration: list(struct({ ...entry, CloudFunction: need(str()) }), { flat: true }),
  EventBridgeConfiguration: struct({}),
});
type Value<S> = S extends Shape<infer T> ? T : never;
export type NotificationConfiguration = Value<typeof notificationConfiguration>;
type Filter = Value<typeof filter>;

/** One entry, wherever it delivers to. */
export interface NotificationEntry {
  kind: 'queue' | 'topic' | 'function';
  arn: string;
  id: string;
  events: string[];
  /** URL-encoded, as they are put. */
  prefix: string;
  suffix: string;
}

export function entriesOf(configuration: NotificationConfiguration): NotificationEntry[] {
  const common = ({
    Id = '',
    Event,
    Filter: given,
  }: {
    Id?: string | undefined;
    Event: string[];
    Filter?: Filter | undefined;
  }) => {
    const rule = (name: string) =>
      given?.S3Key?.FilterRule?.find((each) => each.Name.toLowerCase() === name)?.Value ?? '';
    return { id: Id, events: Event, prefix: rule('prefix'), suffix: rule('suffix') };
  };
  return [
    ...(configuration.QueueConfiguration ?? []).map((each) => ({
      kind: 'queue' as const,
      arn: each.Queue,
      ...common(each),
    })),
    ...(configuration.TopicConfiguration ?? []).map((each) => ({
      kind: 'topic' as const,
      arn: each.Topic,
      ...common(each),
    })),
    ...(configuration.CloudFunctionConfiguration ?? []).map((each) => ({
      kind: 'function' as const,
      arn: each.CloudFunction,
      ...common(each),
    })),
  ];
}

/** Whether an event falls under a name of the list: itself, or its group with `:*`. */
export function covers(pattern: string, event: string): boolean {
  return pattern === event || (pattern.endsWith(':*') && event.startsWith(pattern.slice(0, -1)));
}
