import { openSession, type Session, type SessionOptions } from '../aws/session.ts';
import { messageOf, RekbackError } from '../runtime/errors.ts';
import { type AwsStack, findAwsStacks, readAwsStack } from './find-aws.ts';
import { type Pointer, removePointer } from './pointers.ts';
import { isAwsUnset } from './select.ts';

/** A stack on AWS as a list of stacks shows it. */
export interface ListedStack {
  name: string;
  /** The bucket of the images. */
  bucket: string;
  region: string;
  account: string;
  /** ISO time; undefined where no record tells. */
  createdAt: string | undefined;
  /**
   * `incomplete`: a setup or teardown did not come to its end, or the index was kept. `damaged`: its record is none.
   * `unseen`: known by its tag or on this machine; it could not be looked at.
   */
  state: 'complete' | 'incomplete' | 'damaged' | 'unseen';
}

export interface AwsList {
  stacks: ListedStack[];
  /** Why a place could not be looked at, a sentence each. */
  problems: string[];
}

/**
 * The stacks on AWS: in the place that is named; otherwise where this machine knows of some, and in the one that the
 * AWS configuration names. Pointers that lead to nothing are forgotten.
 *
 * @param isNamed - whether somebody named the place: then it must be possible to look there
 * @throws RekbackError those of `openSession`, for the place that is named
 */
export async function listAwsStacks(
  where: SessionOptions,
  pointers: readonly Pointer[],
  isNamed: boolean,
): Promise<AwsList> {
  const list: AwsList = { stacks: [], problems: [] };
  const seen = new Set<string>();
  const look = async (session: Session) => {
    const place = placeOf(session);
    if (seen.has(place)) return;
    seen.add(place);
    const known = pointers.filter((pointer) => placeOf(pointer) === place);
    const { stacks, problems } = await stacksIn(session, known);
    list.stacks.push(...stacks);
    list.problems.push(...problems);
  };
  if (isNamed) await look(await openSession(where));
  else {
    const profiles = new Map(
      pointers.map(({ region, profile }) => [`${region} ${profile}`, { region, profile }]),
    );
    for (const place of [...profiles.values(), where]) {
      try {
        await look(await openSession(place));
      } catch (error) {
        if (!isAwsUnset(error) || place !== where) list.problems.push(messageOf(error));
      }
    }
    list.stacks.push(...pointers.filter((pointer) => !seen.has(placeOf(pointer))).map(unseen));
  }
  list.stacks.sort((a, b) => (`${a.name} ${placeOf(a)}` < `${b.name} ${placeOf(b)}` ? -1 : 1));
  return list;
}

const placeOf = ({ region, account }: { region: string; account: string }) => `${region} ${account}`;

const unseen = ({ name, bucket = '', region, account }: Pointer): ListedStack => ({
  name,
  bucket,
  region,
  account,
  createdAt: undefined,
  state: 'unseen',
});

/** Those that the tags name, which are late, and those that this machine knows of, as they are now. */
async function stacksIn(session: Session, known: readonly Pointer[]): Promise<AwsList> {
  const tagged = await findAwsStacks(session);
  const buckets = new Map(tagged.map(({ name, images }) => [name, images]));
  const names = new Set([...buckets.keys(), ...known.map(({ name }) => name)]);
  const { region, account } = session;
  const list: AwsList = { stacks: [], problems: [] };
  const look = async (name: string) => {
    const place = { name, region, account };
    try {
      const stack = await readAwsStack(session, name);
      if (stack === undefined) await removePointer(place);
      else list.stacks.push({ ...place, ...described(stack) });
    } catch (error) {
      if (!(error instanceof RekbackError)) throw error;
      const state = error.code === 'stack-damaged' ? ('damaged' as const) : ('unseen' as const);
      list.stacks.push({ ...place, bucket: buckets.get(name) ?? '', createdAt: undefined, state });
      list.problems.push(error.message);
    }
  };
  await Promise.all([...names].map(look));
  return list;
}

const described = ({ images, record }: AwsStack) => ({
  bucket: images,
  createdAt: record?.createdAt,
  state: record === undefined ? ('incomplete' as const) : ('complete' as const),
});
