import type {
  NotificationConfiguration,
  NotificationConfigurationFilter,
  QueueConfiguration,
} from '@aws-sdk/client-s3';

/** One entry of a bucket's notifications, wherever it delivers to, in the one form that equal entries have. */
export interface NotificationEntry {
  kind: 'queue' | 'topic' | 'function';
  id: string;
  /** ARN. */
  destination: string;
  /** Sorted, each once. */
  events: readonly string[];
  /** As on the wire: form-encoded. Empty for every key. */
  prefix: string;
  suffix: string;
}

/**
 * What is to become of our entries. They are known by their ids, whole: one stack's prefix is also the beginning of
 * another stack's ids.
 */
export interface NotificationChange {
  /** Every entry with one of these is ours, and goes unless it is among `entries`. */
  ids: readonly string[];
  entries: readonly QueueConfiguration[];
  /** Whether the bucket is to tell EventBridge everything; left out: as it is. */
  eventBridge?: boolean;
}

/** An entry that S3 does not allow beside one of ours. */
export interface Overlap {
  wanted: NotificationEntry;
  /** Theirs. */
  entry: NotificationEntry;
  /** Those of theirs that ours has too. */
  events: readonly string[];
}

/** A key's beginning or end as a filter has it: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html */
export const filterValue = (text: string): string =>
  encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/')
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

/** The configuration after a change: everything that is not ours as it was, to the letter. */
export function mergeNotifications(
  current: NotificationConfiguration,
  { ids, entries, eventBridge = current.EventBridgeConfiguration !== undefined }: NotificationChange,
): NotificationConfiguration {
  const others = <Entry extends { Id?: string | undefined }>(list: readonly Entry[] = []) =>
    list.filter(({ Id }) => Id === undefined || !ids.includes(Id));
  const queues = [...others(current.QueueConfigurations), ...entries];
  const topics = others(current.TopicConfigurations);
  const functions = others(current.LambdaFunctionConfigurations);
  return {
    ...(queues.length > 0 && { QueueConfigurations: queues }),
    ...(topics.length > 0 && { TopicConfigurations: topics }),
    ...(functions.length > 0 && { LambdaFunctionConfigurations: functions }),
    ...(eventBridge && { EventBridgeConfiguration: current.EventBridgeConfiguration ?? {} }),
  };
}

/**
 * Every entry, by id. The order of entries, events and rules has no meaning, nor has the case of a rule's name
 * (`Prefix` is how S3 gives back `prefix`), nor an empty filter.
 */
export function notificationEntries(configuration: NotificationConfiguration): NotificationEntry[] {
  const entry = (
    kind: NotificationEntry['kind'],
    destination = '',
    { Id: id = '', Events = [], Filter }: Pick<QueueConfiguration, 'Id' | 'Filter' | 'Events'>,
  ): NotificationEntry => ({
    kind,
    id,
    destination,
    events: [...new Set(Events)].sort(),
    prefix: ruleOf(Filter, 'prefix'),
    suffix: ruleOf(Filter, 'suffix'),
  });
  const { QueueConfigurations, TopicConfigurations, LambdaFunctionConfigurations } = configuration;
  return [
    ...(QueueConfigurations ?? []).map((each) => entry('queue', each.QueueArn, each)),
    ...(TopicConfigurations ?? []).map((each) => entry('topic', each.TopicArn, each)),
    ...(LambdaFunctionConfigurations ?? []).map((each) => entry('function', each.LambdaFunctionArn, each)),
  ].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

const sortKey = (entry: NotificationEntry) => `${entry.id}\n${JSON.stringify(entry)}`;

const ruleOf = (filter: NotificationConfigurationFilter | undefined, name: 'prefix' | 'suffix'): string =>
  filter?.Key?.FilterRules?.find((rule) => rule.Name?.toLowerCase() === name)?.Value ?? '';

/** Equal for configurations that mean the same. */
export const canonicalNotifications = (configuration: NotificationConfiguration): string =>
  JSON.stringify([notificationEntries(configuration), configuration.EventBridgeConfiguration !== undefined]);

/** Whether both mean the same. */
export const sameNotifications = (
  one: NotificationConfiguration,
  other: NotificationConfiguration,
): boolean => canonicalNotifications(one) === canonicalNotifications(other);

/** Whether there is anything in it that is not ours. */
export const hasForeign = (
  configuration: NotificationConfiguration,
  { ids }: Pick<NotificationChange, 'ids'>,
): boolean =>
  configuration.EventBridgeConfiguration !== undefined ||
  notificationEntries(configuration).some(({ id }) => !ids.includes(id));

/**
 * What S3 would refuse as "ambiguously defined": an event that both entries name, where the prefixes overlap (one begins
 * with the other; none is every key) and the suffixes overlap too.
 */
export function findOverlaps(current: NotificationConfiguration, change: NotificationChange): Overlap[] {
  const theirs = notificationEntries(current).filter(({ id }) => !change.ids.includes(id));
  return notificationEntries({ QueueConfigurations: [...change.entries] }).flatMap((wanted) =>
    theirs.flatMap((entry): Overlap[] => {
      const isShared = (event: string) =>
        wanted.events.some((ours) => covers(ours, event) || covers(event, ours));
      const events = entry.events.filter(isShared);
      const prefixes = wanted.prefix.startsWith(entry.prefix) || entry.prefix.startsWith(wanted.prefix);
      const suffixes = wanted.suffix.endsWith(entry.suffix) || entry.suffix.endsWith(wanted.suffix);
      return events.length > 0 && prefixes && suffixes ? [{ wanted, entry, events }] : [];
    }),
  );
}

/** `s3:ObjectCreated:*` covers `s3:ObjectCreated:Put`. */
const covers = (pattern: string, event: string): boolean =>
  pattern === event || (pattern.endsWith(':*') && event.startsWith(pattern.slice(0, -1)));

/** An entry in words: `'thumbnails' (s3:ObjectCreated:* of a/….jpg to the function arn:…)`. */
export function describeEntry({ id, kind, destination, events, prefix, suffix }: NotificationEntry): string {
  const keys = prefix === '' && suffix === '' ? 'every key' : `${prefix}…${suffix}`;
  return `'${id}' (${events.join(', ')} of ${keys} to the ${kind} ${destination})`;
}

/** What differs between two configurations, a line each; `+` and `-` as in a diff. */
export function describeDifference(
  before: NotificationConfiguration,
  after: NotificationConfiguration,
): string[] {
  const lines = (configuration: NotificationConfiguration) => [
    ...notificationEntries(configuration).map(describeEntry),
    ...(configuration.EventBridgeConfiguration === undefined ? [] : ['every event to EventBridge']),
  ];
  const [old, current] = [lines(before), lines(after)];
  return [
    ...old.filter((line) => !current.includes(line)).map((line) => `- ${line}`),
    ...current.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
  ];
}
