import { readdir, rm, rmdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../runtime/errors.ts';
import type { ObjectStore } from '../runtime/ports.ts';
import { cancelRun } from '../runtime/run/cancel.ts';
import { LIVE_LEASE, RUN_LEASE } from '../runtime/run/layout.ts';
import { describeHolder, type IsAlive, leaseHolder, liveActive } from '../runtime/run/lease.ts';
import { findRun, runIds } from '../runtime/run/record.ts';
import { home, stacksFolder } from './home.ts';
import { keepLabels } from './keep-labels.ts';
import type { LocalStack } from './open-local.ts';
import { assertWritable, imagesOf } from './record.ts';
import { isThere } from './resources.ts';

export interface TeardownOptions {
  keepIndex: boolean;
  /** A file that must not exist yet; gets the whole label archive. */
  keepLabels: string | undefined;
  /** Aborted: nothing more is removed. */
  signal?: AbortSignal;
}

export interface Removed {
  removed: { type: string; name: string }[];
  /** Looked for again after the removal, and still there. */
  left: { type: string; name: string; reason: string }[];
  kept: { type: string; name: string }[];
}

/** What a teardown would delete and what that loses, in sentences. */
export async function describeTeardown(stack: LocalStack): Promise<string[]> {
  const objects = await stack.objects();
  const { isAlive } = await stack.leases();
  const holder = await leaseHolder(objects, RUN_LEASE, isAlive);
  const lines = [
    `Everything in ${stack.folder} will be deleted; the images in ${imagesOf(stack.record)} stay.`,
  ];
  const labelled = await countLabelled(stack);
  if (labelled !== undefined) {
    const { callPrice } = await stack.labeler();
    const cost = callPrice === 0 ? 'time but no money' : `about $${(labelled * callPrice).toFixed(2)}`;
    lines.push(`The labels of ${labelled} images are lost; to make them again costs ${cost}.`);
  }
  if (holder !== undefined) lines.push(`A run is active and will be ended: ${describeHolder(holder)}.`);
  return lines;
}

/** A damaged index must not keep anyone from removing it. */
async function countLabelled(stack: LocalStack): Promise<number | undefined> {
  try {
    const index = await stack.indexReader();
    const { images } = await index.stats();
    await index.close();
    return images.indexed;
  } catch {
    return undefined;
  }
}

/**
 * Removes everything that was made for the stack, then looks again. The images stay as they are. A run that is active
 * is ended first.
 *
 * @throws RekbackError `stack-newer`, `live-active`, `keep-labels-failed`; nothing is removed then. The signal's reason;
 *   running it again finishes it
 */
export async function teardown(stack: LocalStack, options: TeardownOptions): Promise<Removed> {
  const { keepIndex, signal } = options;
  assertWritable(stack.record);
  const objects = await stack.objects();
  const { isAlive } = await stack.leases();
  const follower = await leaseHolder(objects, LIVE_LEASE, isAlive);
  if (follower !== undefined) throw liveActive(follower);
  await endActiveRun(objects, isAlive);
  const result: Removed = { removed: [], left: [], kept: [] };
  if (options.keepLabels !== undefined) {
    await keepLabels(objects, options.keepLabels);
    result.kept.push({ type: 'labels', name: options.keepLabels });
  }
  const entries = await readdir(stack.folder).catch(() => []);
  // The record goes last: a teardown that was interrupted is found, and finished by running it again.
  entries.sort((a, b) => Number(a === 'stack.json') - Number(b === 'stack.json'));
  for (const entry of entries) {
    const name = join(stack.folder, entry);
    const type = typeOf(entry);
    if (keepIndex && type === 'index') {
      result.kept.push({ type, name });
      continue;
    }
    if (type === 'record' && result.left.length > 0) {
      result.left.push({
        type,
        name,
        reason: 'it stays until the rest is gone, so that teardown can be run again',
      });
      continue;
    }
    signal?.throwIfAborted();
    const reason = await rm(name, { recursive: true, force: true }).then(() => 'it came back', messageOf);
    if (await isThere(name)) result.left.push({ type, name, reason });
    else result.removed.push({ type, name });
  }
  await removeEmptyFolders(stack.folder);
  return result;
}

async function endActiveRun(objects: ObjectStore, isAlive: IsAlive): Promise<void> {
  if ((await runIds(objects)).length === 0 || (await leaseHolder(objects, RUN_LEASE, isAlive)) === undefined)
    return;
  await cancelRun(objects, await findRun(objects, undefined), isAlive);
}

function typeOf(entry: string): string {
  if (entry === 'stack.json') return 'record';
  if (entry.startsWith('index.db')) return 'index';
  return entry === 'labels' ? 'archive' : 'objects';
}

/** Our own folders, as far as nothing is in them; a folder that a person chose as REKBACK_HOME stays. */
async function removeEmptyFolders(folder: string): Promise<void> {
  const ours = [folder, stacksFolder(), ...(home() === join(homedir(), '.rekback') ? [home()] : [])];
  for (const path of ours) await rmdir(path).catch(() => {});
}
