import type { ObjectStore } from '../ports.ts';
import { TOLD } from '../run/layout.ts';

/** What people were told of last, so that they are told of it once. */
interface Told {
  /** A run's id and when it ended: one that is gone on with ends again. */
  run?: string;
  /** The UTC day whose cap was reached. */
  cappedOn?: string;
  /** How many there were. */
  deadLetters?: number;
  /** When dead letters were counted last; epoch milliseconds. */
  countedAt?: number;
}

/** Rivals for one small object, each of which has to be quicker than this often. */
const ATTEMPTS = 10;

/**
 * Changes what is remembered, before anybody is told: of two who want to tell the same, one does.
 *
 * @param edit - what is to be remembered from now on; undefined where it is known already
 * @returns whether this changed it
 */
export async function remember(
  objects: ObjectStore,
  edit: (told: Told) => Told | undefined,
): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const stored = await objects.get(TOLD);
    const told = edit(stored === undefined ? {} : JSON.parse(stored.body.toString('utf8')));
    if (told === undefined) return false;
    const condition = stored === undefined ? { ifAbsent: true as const } : { ifVersion: stored.version };
    if ((await objects.put(TOLD, Buffer.from(JSON.stringify(told)), condition)) !== 'conflict') return true;
  }
  return false;
}
