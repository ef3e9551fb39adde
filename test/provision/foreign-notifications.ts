import type { Event, NotificationConfiguration } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import type { World } from '../aws/kernel/world.ts';
import { allowDestination } from '../aws/s3/reach.ts';

/** An entry of somebody else's, before it is known to which kind of destination it goes. */
export interface ForeignEntry {
  destination: string;
  id: string;
  events: Event[];
  prefix: string | undefined;
  suffix: string | undefined;
}

const PLACE = 'eu-west-1:111122223333';
export const QUEUES = [`arn:aws:sqs:${PLACE}:foreign-one`, `arn:aws:sqs:${PLACE}:foreign-two`] as const;
const OTHERS = ['one', 'two'].flatMap((name) => [
  `arn:aws:sns:${PLACE}:${name}`,
  `arn:aws:lambda:${PLACE}:function:${name}`,
]);

/** Every destination that a foreign entry may have, there and letting S3 in. */
export async function makeForeignDestinations(world: World): Promise<void> {
  for (const arn of OTHERS) allowDestination(world, arn);
  for (const arn of QUEUES) await makeDestinationQueue(world, arn);
}

/** A queue that lets S3 send to it. */
export async function makeDestinationQueue(world: World, arn: string): Promise<void> {
  const Statement = [
    { Effect: 'Allow', Principal: { Service: 's3.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: arn },
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  const QueueName = arn.split(':').at(-1);
  await new SQSClient(world.client()).send(new CreateQueueCommand({ QueueName, Attributes: { Policy } }));
}

const EVENTS: Event[] = [
  's3:ReducedRedundancyLostObject',
  's3:ObjectCreated:*',
  's3:ObjectCreated:Put',
  's3:ObjectCreated:Copy',
  's3:ObjectCreated:CompleteMultipartUpload',
  's3:ObjectRemoved:*',
  's3:ObjectRemoved:Delete',
  's3:ObjectRemoved:DeleteMarkerCreated',
  's3:ObjectRestore:*',
  's3:ObjectRestore:Post',
  's3:ObjectRestore:Completed',
  's3:Replication:*',
  's3:Replication:OperationFailedReplication',
  's3:LifecycleTransition',
  's3:IntelligentTiering',
  's3:ObjectAcl:Put',
  's3:LifecycleExpiration:*',
  's3:LifecycleExpiration:Delete',
  's3:ObjectTagging:*',
  's3:ObjectTagging:Put',
];

const affix = (...pieces: readonly string[]) =>
  fc.option(
    fc.array(fc.constantFrom(...pieces), { maxLength: 3 }).map((parts) => parts.join('')),
    {
      nil: undefined,
    },
  );

/** What XML can carry, with what it has to escape. Ids that begin or end with a space are ids too. */
const id = fc.oneof(
  fc.constantFrom('rekback-photos-images-2', 'rekback-photos', 'rekback-other-images', 'tf-s3-queue-1'),
  fc.string({ minLength: 1, maxLength: 40, unit: fc.constantFrom(...'abcXYZ019 -_.:<>&"\'é漢😀') }),
);

export const foreignEntry: fc.Arbitrary<ForeignEntry> = fc.record({
  destination: fc.constantFrom(...QUEUES, ...OTHERS),
  id,
  events: fc.uniqueArray(fc.constantFrom(...EVENTS), { minLength: 1, maxLength: 5 }),
  prefix: affix('a', 'b', 'photos/', 'photos+2/', 'x%26y/', '/'),
  suffix: affix('.jpg', '.JPG', '.png', 'a', '/'),
});

/** S3's rule, written from its documentation and independently of ours: what may not stand side by side. */
export function clash(one: ForeignEntry, other: ForeignEntry): boolean {
  const within = (a: string, b: string) =>
    a === b || (a.endsWith('*') && b.slice(0, a.length - 1) === a.slice(0, -1));
  const events = one.events.some((a) => other.events.some((b) => within(a, b) || within(b, a)));
  const either = (a = '', b = '', fits: (long: string, short: string) => boolean) => fits(a, b) || fits(b, a);
  return (
    events &&
    either(one.prefix, other.prefix, (long, short) => long.indexOf(short) === 0) &&
    either(one.suffix, other.suffix, (long, short) => short === '' || long.slice(-short.length) === short)
  );
}

/** Entries that S3 accepts together, and together with those that are `taken`. */
function compatible(entries: readonly ForeignEntry[], taken: readonly ForeignEntry[]): ForeignEntry[] {
  const all = [...taken];
  for (const entry of entries) {
    if (!all.some((other) => clash(entry, other) || entry.id === other.id)) all.push(entry);
  }
  return all.slice(taken.length);
}

/** As a person or another tool would put them, in one of the ways that mean the same. */
export function configurationOf(
  entries: readonly ForeignEntry[],
  eventBridge: boolean,
): NotificationConfiguration {
  const common = ({ id: Id, events: Events, prefix, suffix }: ForeignEntry) => {
    const FilterRules = [
      ...(suffix === undefined ? [] : [{ Name: 'suffix' as const, Value: suffix }]),
      ...(prefix === undefined ? [] : [{ Name: 'prefix' as const, Value: prefix }]),
    ];
    return { Id, Events, ...(FilterRules.length > 0 && { Filter: { Key: { FilterRules } } }) };
  };
  const to = (service: string) => entries.filter(({ destination }) => destination.split(':')[2] === service);
  const queues = to('sqs').map((each) => ({ QueueArn: each.destination, ...common(each) }));
  const topics = to('sns').map((each) => ({ TopicArn: each.destination, ...common(each) }));
  const functions = to('lambda').map((each) => ({ LambdaFunctionArn: each.destination, ...common(each) }));
  return {
    ...(queues.length > 0 && { QueueConfigurations: queues }),
    ...(topics.length > 0 && { TopicConfigurations: topics }),
    ...(functions.length > 0 && { LambdaFunctionConfigurations: functions }),
    ...(eventBridge && { EventBridgeConfiguration: {} }),
  };
}

/** Notifications of others that S3 accepts beside `ours`. */
export const foreignConfiguration = (
  ...ours: readonly ForeignEntry[]
): fc.Arbitrary<NotificationConfiguration> =>
  fc
    .tuple(fc.array(foreignEntry, { maxLength: 8 }), fc.boolean())
    .map(([entries, eventBridge]) => configurationOf(compatible(entries, ours), eventBridge));
