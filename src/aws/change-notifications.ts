import {
  GetBucketNotificationConfigurationCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { RekbackError } from '../runtime/errors.ts';
import {
  describeDifference,
  describeEntry,
  hasForeign,
  mergeNotifications,
  type NotificationChange,
  notificationEntries,
  sameNotifications,
} from './bucket-notifications.ts';
import { isAwsError, isAwsMessage } from './errors.ts';
import { retryWhile, type Waiting, waitFor } from './wait.ts';

/** A bucket, and the account that must own it. */
export type BucketAt = Readonly<{ Bucket: string; ExpectedBucketOwner: string }>;

interface ChangeOptions {
  waiting: Waiting;
  /** S3 is not to ask the destinations, others' neither, whether they are there. Never asked where nothing is added. */
  skipValidation?: boolean;
  /** Keeps what was there, where something of it is not ours; its address, undefined where it could not be kept. */
  keepBefore?(before: NotificationConfiguration): Promise<string | undefined>;
}

/** A queue's policy takes up to a minute until S3 sees it. */
const PERMITTED = { every: 5000, within: 120_000 };

/** Configurations that were written are not read at once everywhere. */
const VISIBLE = { every: 2000, within: 60_000 };

export async function readNotifications(s3: S3Client, at: BucketAt): Promise<NotificationConfiguration> {
  const { $metadata: _, ...configuration } = await s3.send(new GetBucketNotificationConfigurationCommand(at));
  return configuration;
}

/**
 * Changes our entries and nothing else. S3 only knows how to replace all of a bucket's notifications, without a
 * condition; so what is there is compared once more in the moment before each request, and afterwards. What is written
 * while our request is on its way can't be seen on S3.
 *
 * @throws RekbackError `notifications-changed` where somebody else wrote meanwhile; `notification-destination` where S3
 *   refuses a destination; whatever else S3 answers
 */
export async function changeNotifications(
  s3: S3Client,
  at: BucketAt,
  change: NotificationChange,
  { waiting, skipValidation = false, keepBefore }: ChangeOptions,
): Promise<void> {
  const before = await readNotifications(s3, at);
  const after = mergeNotifications(before, change);
  if (sameNotifications(before, after)) return;
  const kept = hasForeign(before, change) ? await keepBefore?.(before) : undefined;

  const isOurs = (arn: string) => change.entries.some(({ QueueArn }) => QueueArn === arn);
  const isPassing = (error: unknown) => {
    const refused = refusedDestinations(error);
    // S3 names every destination that it refuses; where it names none, ours may be among them.
    if (refused !== undefined) return refused.length === 0 || refused.some(({ arn }) => isOurs(arn));
    return isAwsError(error, 'OperationAborted');
  };
  const SkipDestinationValidation = skipValidation || change.entries.length === 0;
  try {
    const write = () => putUnlessChanged(s3, at, { before, after, SkipDestinationValidation });
    await retryWhile(isPassing, write, PERMITTED, waiting);
  } catch (error) {
    const refused = refusedDestinations(error);
    throw refused === undefined ? error : destinationRefused(at, after, refused, isOurs, error);
  }

  let seen = before;
  const readBack = async () => {
    seen = await readNotifications(s3, at);
    return sameNotifications(seen, before) ? undefined : true;
  };
  await waitFor(`the notifications of ${at.Bucket} to be as written`, readBack, VISIBLE, waiting).catch(
    (error: unknown) => {
      // Somebody put back what was there before: told below.
      if (!(error instanceof RekbackError && error.code === 'aws-wait')) throw error;
    },
  );
  if (!sameNotifications(seen, after)) throw changedAfterwards(at, describeDifference(after, seen), kept);
}

interface Write {
  before: NotificationConfiguration;
  after: NotificationConfiguration;
  SkipDestinationValidation: boolean;
}

/**
 * Compares in the moment before each attempt of the SDK's: a request whose answer was lost is sent again, and must not
 * undo what somebody wrote after it.
 */
async function putUnlessChanged(
  s3: S3Client,
  at: BucketAt,
  { before, after, SkipDestinationValidation }: Write,
): Promise<void> {
  const put = new PutBucketNotificationConfigurationCommand({
    ...at,
    NotificationConfiguration: after,
    SkipDestinationValidation,
  });
  let changed: NotificationConfiguration | undefined;
  put.middlewareStack.add(
    (next) => async (args) => {
      const now = await readNotifications(s3, at);
      if (sameNotifications(now, before) || sameNotifications(now, after)) return next(args);
      changed = now;
      throw new Error('changed meanwhile');
    },
    { step: 'finalizeRequest', priority: 'low', name: 'rekbackCompareBeforeWriting' },
  );
  try {
    await s3.send(put);
  } catch (error) {
    throw changed === undefined ? error : changedBefore(at, describeDifference(before, changed));
  }
}

/**
 * The destinations that S3 could not validate, with its reasons; undefined for any other error. S3 numbers them:
 * `ArgumentName1` (the ARN, sometimes followed by `, null`) and `ArgumentValue1`.
 */
function refusedDestinations(error: unknown): { arn: string; reason: string }[] | undefined {
  if (!isAwsMessage(error, 'InvalidArgument', /unable to validate the following destination/i))
    return undefined;
  const fields = new Map(Object.entries(Object(error)).map(([name, value]) => [name, String(value)]));
  return [...fields].flatMap(([name, value]) => {
    const [arn = ''] = value.split(',');
    const reason = fields.get(name.replace('Name', 'Value')) ?? '';
    return /^ArgumentName\d*$/.test(name) && arn.startsWith('arn:') ? [{ arn: arn.trim(), reason }] : [];
  });
}

const TWO_WRITERS =
  "find out what else writes this bucket's notifications (Terraform, CloudFormation, a script): it has to keep others' entries";

const changedBefore = ({ Bucket }: BucketAt, difference: readonly string[]): RekbackError =>
  new RekbackError(
    'notifications-changed',
    `somebody else changed the notifications of '${Bucket}' at the same time; nothing of ours was written. Theirs: ${difference.join('; ')}`,
    { suggestions: ['run the same command again', TWO_WRITERS] },
  );

function changedAfterwards(
  { Bucket }: BucketAt,
  difference: readonly string[],
  kept: string | undefined,
): RekbackError {
  const restore =
    kept &&
    `what was there before is kept in ${kept}; to put it back: aws s3 cp ${kept} before.json, then aws s3api put-bucket-notification-configuration --bucket ${Bucket} --notification-configuration file://before.json`;
  return new RekbackError(
    'notifications-changed',
    `somebody else changed the notifications of '${Bucket}' at the same time. Compared with what was written (- lost, + theirs): ${difference.join('; ')}`,
    { suggestions: ['run the same command again', ...(restore ? [restore] : []), TWO_WRITERS] },
  );
}

function destinationRefused(
  { Bucket }: BucketAt,
  configuration: NotificationConfiguration,
  refused: readonly { arn: string; reason: string }[],
  isOurs: (arn: string) => boolean,
  cause: unknown,
): RekbackError {
  const theirs = refused.filter(({ arn }) => !isOurs(arn));
  const entries = notificationEntries(configuration).filter(({ destination }) =>
    theirs.some(({ arn }) => arn === destination),
  );
  const reasons = refused.map(({ arn, reason }) => `${arn}: ${reason}`).join('; ');
  const explained =
    entries.length === 0
      ? ''
      : `. S3 asks every destination whenever anything is changed, also those that are not this stack's: ${entries.map(describeEntry).join('; ')}`;
  return new RekbackError(
    'notification-destination',
    `S3 refuses to change the notifications of '${Bucket}': ${reasons || 'a destination is not there or does not let it in'}${explained}`,
    {
      cause,
      suggestions:
        entries.length === 0
          ? [
              'run the same command again: a queue that was just made may take minutes until S3 sees its policy',
            ]
          : [
              'repair these destinations, or remove their entries from the bucket',
              'or leave them as they are and have S3 ask none: add --skip-destination-validation',
            ],
    },
  );
}
