import {
  CreateBucketCommand,
  type Event,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  type QueueConfiguration,
  S3Client,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  describeDifference,
  filterValue,
  findOverlaps,
  hasForeign,
  mergeNotifications,
  sameNotifications,
} from '../../src/aws/bucket-notifications.ts';
import { startWorld } from '../aws/world.ts';
import {
  clash,
  configurationOf,
  type ForeignEntry,
  foreignConfiguration,
  foreignEntry,
  makeForeignDestinations,
} from './foreign-notifications.ts';

const QUEUE = 'arn:aws:sqs:eu-west-1:111122223333:foreign-one';
const ID = 'rekback-photos-images';
const OUR_EVENTS: Event[] = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'];
const OURS: QueueConfiguration = {
  Id: ID,
  QueueArn: QUEUE,
  Events: OUR_EVENTS,
  Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: 'ours/' }] } },
};
const OURS_AS_FOREIGN: ForeignEntry = {
  destination: QUEUE,
  id: ID,
  events: OUR_EVENTS,
  prefix: 'ours/',
  suffix: undefined,
};
const SET = { ids: [ID], entries: [OURS] };
const REMOVE = { ids: [ID], entries: [] };

/** Every list in one order, nothing else touched. */
const sorted = (configuration: NotificationConfiguration) =>
  Object.fromEntries(
    Object.entries(configuration).map(([name, list]) => [
      name,
      Array.isArray(list) ? [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : list,
    ]),
  );

it('leaves what is not ours to the letter, over 10,000 configurations', () => {
  fc.assert(
    fc.property(foreignConfiguration(OURS_AS_FOREIGN), (foreign) => {
      const frozen = JSON.stringify(foreign);
      const set = mergeNotifications(foreign, SET);
      expect(set.QueueConfigurations?.filter(({ Id }) => Id === ID)).toEqual([OURS]);
      expect(mergeNotifications(set, SET)).toEqual(set);
      expect(sorted(mergeNotifications(set, REMOVE))).toEqual(sorted(foreign));
      expect(sameNotifications(set, foreign)).toBe(false);
      expect(hasForeign(set, SET)).toBe(Object.keys(foreign).length > 0);
      expect(JSON.stringify(foreign)).toBe(frozen);
    }),
    { numRuns: 10_000 },
  );
});

it('turns EventBridge on and off only when told', () => {
  const on = { EventBridgeConfiguration: {} };
  expect(mergeNotifications(on, SET).EventBridgeConfiguration).toEqual({});
  expect(mergeNotifications({}, { ...REMOVE, eventBridge: true })).toEqual(on);
  expect(mergeNotifications(on, { ...REMOVE, eventBridge: false })).toEqual({});
});

it('takes for equal what means the same, and nothing else', () => {
  const rules = (...FilterRules: { Name: string; Value: string }[]) =>
    ({
      QueueConfigurations: [{ ...OURS, Filter: { Key: { FilterRules } } }],
    }) as NotificationConfiguration;
  const both = rules({ Name: 'prefix', Value: 'a' }, { Name: 'suffix', Value: 'b' });
  expect(sameNotifications(both, rules({ Name: 'Suffix', Value: 'b' }, { Name: 'Prefix', Value: 'a' }))).toBe(
    true,
  );
  expect(sameNotifications(both, rules({ Name: 'prefix', Value: 'b' }, { Name: 'suffix', Value: 'a' }))).toBe(
    false,
  );
  expect(sameNotifications(rules(), { QueueConfigurations: [{ ...OURS, Filter: {} }] })).toBe(true);
  expect(
    sameNotifications(both, {
      QueueConfigurations: both.QueueConfigurations,
      EventBridgeConfiguration: {},
    }),
  ).toBe(false);
  const [first] = OUR_EVENTS;
  expect(
    sameNotifications(
      { QueueConfigurations: [OURS] },
      { QueueConfigurations: [{ ...OURS, Events: [first] as Event[] }] },
    ),
  ).toBe(false);
});

it('encodes a prefix as S3 wants it in a filter', () => {
  expect(filterValue("my photos/é&(1)+~!'*/")).toBe('my+photos/%C3%A9%26%281%29%2B%7E%21%27*/');
});

it('tells a difference line by line', () => {
  const theirs = configurationOf(
    [{ destination: QUEUE, id: 'theirs', events: ['s3:ObjectAcl:Put'], prefix: undefined, suffix: '.jpg' }],
    true,
  );
  expect(describeDifference(theirs, { QueueConfigurations: [OURS] })).toEqual([
    `- 'theirs' (s3:ObjectAcl:Put of ….jpg to the queue ${QUEUE})`,
    '- every event to EventBridge',
    `+ '${ID}' (s3:ObjectCreated:*, s3:ObjectRemoved:* of ours/… to the queue ${QUEUE})`,
  ]);
});

it('finds an overlap exactly where S3 refuses the pair', async () => {
  const world = await startWorld();
  await makeForeignDestinations(world);
  const s3 = new S3Client(world.client());
  const Bucket = 'images';
  const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const;
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
  const count = { overlapping: 0, apart: 0 };
  await fc.assert(
    fc.asyncProperty(foreignEntry, foreignEntry, async (one, other) => {
      const theirs = configurationOf([{ ...one, id: 'theirs' }], false);
      const entry =
        configurationOf([{ ...other, id: ID, destination: QUEUE }], false).QueueConfigurations ?? [];
      const found = findOverlaps(theirs, { ids: [ID], entries: entry });
      const NotificationConfiguration = mergeNotifications(theirs, { ids: [ID], entries: entry });
      const put = s3.send(
        new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }),
      );
      const refusal = await put.then(
        () => '',
        (error: Error) => error.message,
      );
      expect(refusal).toMatch(found.length > 0 ? /^Configuration is ambiguously defined/ : /^$/);
      expect(found.length > 0).toBe(clash(one, other));
      count[found.length > 0 ? 'overlapping' : 'apart']++;
    }),
    { numRuns: 1_000 },
  );
  expect(Math.min(count.overlapping, count.apart)).toBeGreaterThan(100);
  await world.stop();
});
