import { RekbackError } from '../errors.ts';
import type { ObjectStore, Version } from '../ports.ts';

/** Who holds a lease, in words for the one who has to wait, and in facts that tell whether they still live. */
export interface Holder {
  /** Unique per holding. */
  id: string;
  /** The command, as a person would name it. */
  what: string;
  user: string;
  host: string;
  pid: number;
  /** Tells a process from a later one with the same pid; opaque. */
  started: string;
  /** ISO time. */
  since: string;
}

export interface Lease {
  release(): Promise<void>;
  /** Gives it to another holder, who renews it or is known to live by other means; nothing to release then. */
  handOver(to: Holder): Promise<void>;
  /** Aborted when another took the lease over, because this process looked dead (a suspended machine). */
  readonly lost: AbortSignal;
}

/** Whether a holder's process runs: `undefined` where that can't be known from here (another machine). */
export type IsAlive = (holder: Holder) => boolean | undefined | Promise<boolean | undefined>;

interface StoredLease {
  holder: Holder;
  /** Epoch milliseconds. */
  renewedAt: number;
}

/** Renewed three times in its life, so that one missed renewal loses nothing. */
const LEASE_MILLISECONDS = 60_000;
const RENEW_MILLISECONDS = LEASE_MILLISECONDS / 3;

/**
 * Takes the lease at `key`, or says who has it. The lease of a holder that is known to be dead, or that has not
 * renewed it for a minute, is taken over.
 *
 * @returns the lease, or its present holder
 */
export async function takeLease(
  objects: ObjectStore,
  key: string,
  holder: Holder,
  isAlive: IsAlive,
): Promise<Lease | Holder> {
  for (;;) {
    const body = encode(holder);
    const taken = await objects.put(key, body, { ifAbsent: true });
    if (taken !== 'conflict') return keep(objects, key, holder, taken.version);
    const stored = await objects.get(key);
    if (stored === undefined) continue;
    const other = decode(stored.body);
    if (other !== undefined && (await isHeld(other, isAlive))) return other.holder;
    const replaced = await objects.put(key, body, { ifVersion: stored.version });
    if (replaced !== 'conflict') return keep(objects, key, holder, replaced.version);
  }
}

/** The lease's present holder, if it is held. */
export async function leaseHolder(
  objects: ObjectStore,
  key: string,
  isAlive: IsAlive,
): Promise<Holder | undefined> {
  const stored = await objects.get(key);
  const lease = stored === undefined ? undefined : decode(stored.body);
  return lease !== undefined && (await isHeld(lease, isAlive)) ? lease.holder : undefined;
}

/** A sentence about the holder, for an error message. */
export const describeHolder = ({ what, user, host, pid, since }: Holder): string =>
  `'${what}' by ${user} on ${host} (process ${pid}, since ${since})`;

/** The error of a command that found the stack busy. */
export const runActive = (holder: Holder): RekbackError =>
  new RekbackError('run-active', `a run is active: ${describeHolder(holder)}`, {
    suggestions: ['wait for it with: rekback backfill now --wait', 'or end it with: rekback backfill cancel'],
  });

/** The error of a command that can't work while the stack is followed. */
export const liveActive = (holder: Holder): RekbackError =>
  new RekbackError('live-active', `the stack is followed: ${describeHolder(holder)}`, {
    suggestions: ['end it with Ctrl-C where it runs, then try again'],
  });

async function isHeld({ holder, renewedAt }: StoredLease, isAlive: IsAlive): Promise<boolean> {
  return (await isAlive(holder)) ?? Date.now() - renewedAt < LEASE_MILLISECONDS;
}

function keep(objects: ObjectStore, key: string, holder: Holder, first: Version): Lease {
  const lost = new AbortController();
  let version = first;
  let renewing = Promise.resolve();
  const renew = async () => {
    const put = await objects.put(key, encode(holder), { ifVersion: version });
    if (put === 'conflict') lost.abort();
    else version = put.version;
  };
  const timer = setInterval(() => {
    // A renewal that fails is tried again by the next; the lease outlives two such.
    renewing = renewing.then(renew).catch(() => {});
  }, RENEW_MILLISECONDS);
  timer.unref();
  return {
    lost: lost.signal,
    async handOver(to) {
      clearInterval(timer);
      await renewing;
      if ((await objects.put(key, encode(to), { ifVersion: version })) === 'conflict') lost.abort();
    },
    async release() {
      clearInterval(timer);
      await renewing;
      const stored = await objects.get(key);
      if (stored !== undefined && decode(stored.body)?.holder.id === holder.id) await objects.remove(key);
    },
  };
}

const encode = (holder: Holder): Buffer => {
  const stored: StoredLease = { holder, renewedAt: Date.now() };
  return Buffer.from(JSON.stringify(stored));
};

/** A damaged lease (a machine that lost power while writing) is nobody's. */
function decode(body: Buffer): StoredLease | undefined {
  try {
    const lease: StoredLease | null = JSON.parse(body.toString('utf8'));
    return typeof lease?.holder?.id === 'string' ? lease : undefined;
  } catch {
    return undefined;
  }
}
