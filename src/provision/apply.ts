import { awsFailure } from '../aws/errors.ts';
import { messageOf, RekbackError } from '../runtime/errors.ts';
import { runGraph } from './graph.ts';
import type { Change } from './plan.ts';
import type { Resource } from './resource.ts';

/** What is told while a stack is changed. */
export type ChangeEvent = {
  event: 'change-started' | 'change-ended' | 'change-failed';
  type: string;
  name: string;
  action: Change['action'];
};

export interface ApplyOptions {
  report(event: ChangeEvent): void;
  /** Aborted: nothing more is begun. */
  signal?: AbortSignal | undefined;
}

/**
 * Carries the changes out, side by side as far as their order allows: first what is removed, the last first; then what
 * is made and changed. Whatever was interrupted is finished by planning and applying again.
 *
 * @throws RekbackError `provision-failed` for what AWS refuses; every other error as it is, the signal's reason too
 */
export async function applyChanges(
  changes: readonly Change[],
  { report, signal }: ApplyOptions,
): Promise<void> {
  const byResource = new Map(changes.map((change) => [change.resource, change]));
  const visit = async (resource: Resource) => {
    const change = byResource.get(resource);
    if (change === undefined) return;
    signal?.throwIfAborted();
    const { type, name } = resource;
    const { action } = change;
    report({ event: 'change-started', type, name, action });
    try {
      await (action === 'remove' ? resource.remove() : resource.ensure());
    } catch (error) {
      report({ event: 'change-failed', type, name, action });
      throw explain(error, change);
    }
    report({ event: 'change-ended', type, name, action });
  };
  const resources = (of: (change: Change) => boolean) => changes.filter(of).map(({ resource }) => resource);
  await runGraph(
    resources(({ action }) => action === 'remove'),
    visit,
    { reverse: true },
  );
  await runGraph(
    resources(({ action }) => action !== 'remove'),
    visit,
  );
}

/** Names the resource, the call and AWS's request id; what is an explanation already stays as it is. */
function explain(error: unknown, { resource: { type, name }, action }: Change): unknown {
  const failure = awsFailure(error);
  if (failure === undefined) return error;
  const { code, message, call, requestId } = failure;
  const where = [call, requestId === undefined ? undefined : `request ${requestId}`]
    .filter(Boolean)
    .join(', ');
  const again = 'run the same command again: it goes on where this one ended';
  const suggestions = /denied|unauthorized|forbidden/i.test(code)
    ? ['see which rights are missing: rekback doctor', again]
    : [again];
  return new RekbackError(
    'provision-failed',
    `can't ${action} the ${type} '${name}': ${code}: ${message || messageOf(error)}${where && ` (${where})`}`,
    { cause: error, suggestions },
  );
}
