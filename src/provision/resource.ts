import { isDeepStrictEqual } from 'node:util';
import { isAwsError, isAwsMessage, isNotFound } from '../aws/errors.ts';
import { type Patience, type Waiting, waitFor } from '../aws/wait.ts';
import { RekbackError } from '../runtime/errors.ts';
import { STACK_TAG } from '../stack/aws-spec.ts';
import { isOurs, type Tags, tagsToSet } from './tags.ts';

/** A field of a resource that is not as setup writes it. */
export interface Difference {
  field: string;
  wanted: unknown;
  actual: unknown;
}

/** What a look at AWS found under a resource's name. */
export type Found =
  | { state: 'absent' | 'present' | 'pending' }
  | { state: 'drifted'; drift: Difference[] }
  /** Somebody else's; `reason` says how that is known. Never written to. */
  | { state: 'foreign'; reason: string };

/** One thing that a stack is made of. Everything about it is read from AWS; nothing is remembered. */
export interface Resource {
  /** What a person calls it: `queue`, `job-definition`. */
  readonly type: string;
  /** Its name on AWS; with `type` unique in a stack. */
  readonly name: string;
  /** What must be there before it, and gone after it. */
  readonly after: readonly Resource[];
  /** True for what the owner of the images' bucket makes and removes: setup only looks whether it is as wanted. */
  readonly byOwner?: boolean;
  /** False where the stack's options leave it out: then it is removed. */
  isWanted(): boolean;
  /**
   * Looks at AWS. What was found is judged when it is asked for: others may have been looked at meanwhile whose ids it is
   * compared with.
   */
  look(): Promise<() => Found>;
  /** Looks and judges at once. */
  inspect(): Promise<Found>;
  /**
   * Makes it as wanted, by as little as is needed, and waits until it can be used.
   * @throws RekbackError `foreign`; whatever AWS answers
   */
  ensure(): Promise<void>;
  /** Removes it and waits until it is gone. What is not there, or not ours, is no error. */
  remove(): Promise<void>;
}

/** A resource as AWS has it. */
export interface Observed<Config> {
  config: Config;
  /** Undefined for what can't carry tags, and is ours by the name that only we give. */
  tags?: Tags | undefined;
  /** AWS is still making, changing or deleting it. */
  pending?: boolean;
}

/** What each resource's file says about it; `defineResource` makes the life cycle of it. */
export interface Definition<Config extends object> {
  type: string;
  name: string;
  after?: readonly Resource[];
  /** The stack's own tags and the user's. Left out for what can't carry tags. */
  tags?: Tags;
  /** The fields that setup writes, in the form that `read` gives; undefined where the stack does without it. */
  wanted(): Config | undefined;
  /** @returns undefined for what is not there; every error that says something else is thrown */
  read(): Promise<Observed<Config> | undefined>;
  create(wanted: Config): Promise<void>;
  /** Changes these fields, and no others. */
  update(wanted: Config, fields: ReadonlySet<keyof Config & string>): Promise<void>;
  /** Adds or changes these tags. */
  tag?(tags: Tags): Promise<void>;
  /** Deletes what `read` found. */
  remove(observed: Observed<Config>): Promise<void>;
  /** For what AWS takes its time with: how long to wait until a made or changed one is no longer pending. */
  settling?: Patience;
  /** For what AWS takes its time to delete: how long to wait until `read` finds nothing. */
  vanishing?: Patience;
}

/** What was created a moment ago may not be found yet: in IAM and S3 that takes seconds. */
const VISIBLE: Patience = { every: 1000, within: 120_000 };

const TAGS = 'tags.';

/** The one life cycle of all resources: observe, make or change only the difference, wait. */
export function defineResource<Config extends object>(
  { waiting }: { waiting: Waiting },
  definition: Definition<Config>,
): Resource {
  const { type, name, after = [], tags = {}, settling = VISIBLE, vanishing } = definition;
  const what = `${type} ${name}`;

  /** What vanishes between the calls of one look is not found by one of them: the next look says that it is gone. */
  const read = () =>
    definition.read().catch((error: unknown) => {
      if (isNotFound(error)) return definition.read();
      throw error;
    });

  const judge = (observed: Observed<Config> | undefined): Found => {
    if (observed === undefined) return { state: 'absent' };
    if (observed.tags !== undefined && !isOurs(observed.tags, tags)) {
      return { state: 'foreign', reason: foreignReason(observed.tags) };
    }
    if (observed.pending) return { state: 'pending' };
    const drift = differences(definition.wanted(), observed, tags);
    return drift.length === 0 ? { state: 'present' } : { state: 'drifted', drift };
  };

  const assertOurs = (observed: Observed<Config> | undefined) => {
    const found = judge(observed);
    if (found.state === 'foreign') throw foreign(type, name, found.reason);
  };

  /** Waits until it is there, unless `orGone`, and no longer pending. */
  const settle = (orGone: boolean): Promise<{ observed: Observed<Config> | undefined }> =>
    waitFor(
      `${what} to be ready`,
      async () => {
        const observed = await read();
        if (observed === undefined ? !orGone : observed.pending) return undefined;
        return { observed };
      },
      settling,
      waiting,
    );

  const create = async (wanted: Config): Promise<boolean> => {
    try {
      await definition.create(wanted);
      return true;
    } catch (error) {
      // A race, or an earlier setup's call whose answer was lost: what is there is looked at like anything else.
      if (isAlreadyThere(error)) return false;
      throw error;
    }
  };

  return {
    type,
    name,
    after,
    isWanted: () => definition.wanted() !== undefined,
    async look() {
      const observed = await read();
      return () => judge(observed);
    },
    inspect: async () => judge(await read()),

    async ensure() {
      const wanted = definition.wanted();
      if (wanted === undefined) return this.remove();
      let observed = await read();
      assertOurs(observed);
      if (observed?.pending) observed = (await settle(true)).observed;
      if (observed === undefined) {
        const created = await create(wanted);
        if (created && definition.settling === undefined) return;
        observed = (await settle(false)).observed;
        if (observed === undefined) return;
        assertOurs(observed);
      }
      const drift = differences(wanted, observed, tags);
      if (drift.length === 0) return;
      const fields = drift.flatMap(({ field }) => (isField(field, wanted) ? [field] : []));
      if (fields.length > 0) await definition.update(wanted, new Set(fields));
      const missing = tagsToSet(tags, observed.tags ?? tags);
      if (Object.keys(missing).length > 0) await definition.tag?.(missing);
      if (definition.settling === undefined) return;
      const [still] = differences(wanted, (await settle(false)).observed ?? observed, tags);
      if (still !== undefined) throw notTaken(type, name, still);
    },

    async remove() {
      const observed = await read();
      if (observed === undefined || judge(observed).state === 'foreign') return;
      await definition.remove(observed).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
      if (vanishing === undefined) return;
      const isGone = async () => ((await read()) === undefined ? true : undefined);
      await waitFor(`${what} to be gone`, isGone, vanishing, waiting);
    },
  };
}

/** Field by field, as deep as they go; then the tags. What is not wanted at all has no differences. */
function differences<Config extends object>(
  wanted: Config | undefined,
  { config, tags }: Observed<Config>,
  wantedTags: Tags,
): Difference[] {
  if (wanted === undefined) return [];
  const actual: Partial<Record<string, unknown>> = { ...config };
  const drift: Difference[] = [];
  for (const [field, value] of Object.entries(wanted)) {
    if (!isDeepStrictEqual(plain(value), plain(actual[field])))
      drift.push({ field, wanted: value, actual: actual[field] });
  }
  const present = tags ?? wantedTags;
  for (const [key, value] of Object.entries(tagsToSet(wantedTags, present))) {
    drift.push({ field: `${TAGS}${key}`, wanted: value, actual: present[key] });
  }
  return drift;
}

const isField = <Config extends object>(field: string, config: Config): field is keyof Config & string =>
  field in config;

/** Without members that are undefined: AWS leaves out what a request may name as undefined. */
const plain = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));

function foreignReason(tags: Tags): string {
  const owner = tags[STACK_TAG];
  return owner === undefined ? `it has no tag ${STACK_TAG}` : `its tag ${STACK_TAG} is '${owner}'`;
}

const notTaken = (type: string, name: string, { field, wanted, actual }: Difference): RekbackError =>
  new RekbackError(
    'provision-failed',
    `the ${type} '${name}' did not become as wanted: ${field} is ${JSON.stringify(actual)}, not ${JSON.stringify(wanted)}`,
    { suggestions: ['run the same command again: it goes on where this one ended'] },
  );

/** What has one of our names but is not ours. */
export const foreign = (type: string, name: string, reason: string): RekbackError =>
  new RekbackError('foreign', `the ${type} '${name}' is there already and is not this stack's: ${reason}`, {
    suggestions: [
      'choose another name for the stack with --stack NAME',
      `or, if it is a leftover that you know, delete the ${type} '${name}' yourself`,
    ],
  });

/** Every service has its own words for a name that is taken. Never `BucketAlreadyExists`, which is another account's. */
const isAlreadyThere = (error: unknown): boolean =>
  isAwsError(
    error,
    'BucketAlreadyOwnedByYou',
    'EntityAlreadyExists',
    'EntityAlreadyExistsException',
    'QueueNameExists',
    'QueueAlreadyExists',
    'RepositoryAlreadyExistsException',
    'ResourceAlreadyExistsException',
    'ResourceConflictException',
    'InvalidGroup.Duplicate',
  ) || isAwsMessage(error, 'ClientException', /already exists/i);
