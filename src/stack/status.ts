import { RekbackError } from '../runtime/errors.ts';
import type { IndexStats } from '../runtime/ports.ts';
import { LIVE_LEASE } from '../runtime/run/layout.ts';
import { type Holder, leaseHolder } from '../runtime/run/lease.ts';
import { isWorking, listRuns, type RunSummary } from '../runtime/run/record.ts';
import { findUnfinished } from '../runtime/run/start.ts';
import type { LocalStack } from './open-local.ts';
import { RECORD_FORMAT } from './record.ts';
import { inspect, type Resource } from './resources.ts';

export interface Status {
  stack: string;
  resources: Resource[];
  /** Null where the index can't be read; `resources` and `problem` say why. */
  index: { images: number; failed: number; bytes: number } | null;
  /** Newest first. */
  runs: RunSummary[];
  live: Pick<Holder, 'user' | 'host' | 'pid' | 'since'> | null;
  /** US dollars. */
  cost: { monthly: number; spent: number };
  /** What a person should know or do, in sentences. */
  notes: string[];
}

const REMEDIES: Readonly<Record<Resource['type'], string>> = {
  images: 'check that their disk is mounted, or that their bucket is there',
  record: 'set the stack up again: rekback setup',
  index: 'make it again from the archived labels: rekback index rebuild',
  objects: 'set the stack up again: rekback setup',
};

/** Looks at everything that the stack is made of, now. */
export async function status(stack: LocalStack): Promise<Status> {
  const { record } = stack;
  const objects = await stack.objects();
  const { isAlive } = await stack.leases();
  const runs = await listRuns(objects, isAlive);
  const live = await leaseHolder(objects, LIVE_LEASE, isAlive);
  const { callPrice } = await stack.labeler();
  const resources = await inspect(stack);
  const notes: string[] = [];
  const stats = await readStats(stack, resources, notes);
  const [newest] = runs;
  if (newest === undefined) notes.push('nothing is labelled yet: rekback backfill now');
  else if (!isWorking(newest.state) && (await findUnfinished(objects)) !== undefined) {
    notes.push(`run ${newest.id} is not finished (${newest.state}); go on with it: rekback backfill now`);
  }
  if (record.format > RECORD_FORMAT)
    notes.push('this stack was set up by a newer rekback; this one only reads it');
  for (const { type, name, state } of resources) {
    if (state === 'absent')
      notes.push(`the ${type} '${name}' ${type === 'images' ? 'are' : 'is'} missing; ${REMEDIES[type]}`);
  }
  return {
    stack: record.name,
    resources,
    index: stats ? { images: stats.images.indexed, failed: stats.images.failed, bytes: stats.bytes } : null,
    runs,
    live: live === undefined ? null : { user: live.user, host: live.host, pid: live.pid, since: live.since },
    cost: { monthly: 0, spent: runs.reduce((sum, { labelCalls }) => sum + labelCalls, 0) * callPrice },
    notes,
  };
}

async function readStats(
  stack: LocalStack,
  resources: Resource[],
  notes: string[],
): Promise<IndexStats | undefined> {
  const resource = resources.find(({ type }) => type === 'index');
  if (resource?.state !== 'present') return undefined;
  try {
    const index = await stack.indexReader();
    const stats = await index.stats();
    await index.close();
    return stats;
  } catch (error) {
    if (!(error instanceof RekbackError)) throw error;
    resource.state = 'drifted';
    notes.push(`${error.message}; ${error.suggestions.join('; ')}`);
    return undefined;
  }
}
