import { explain } from '../aws/explain.ts';
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
 * Carries the changes out, side by side as far as their order allows: first what is made and changed, then what is
 * removed, the last first; so nothing is removed that is still used, and no event is lost while another way for it is
 * made. Whatever was interrupted is finished by planning and applying again.
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
      throw explain(error, {
        code: 'provision-failed',
        doing: `can't ${action} the ${type} '${name}'`,
        suggestions: ['run the same command again: it goes on where this one ended'],
      });
    }
    report({ event: 'change-ended', type, name, action });
  };
  const resources = (of: (change: Change) => boolean) => changes.filter(of).map(({ resource }) => resource);
  await runGraph(
    resources(({ action }) => action !== 'remove'),
    visit,
  );
  await runGraph(
    resources(({ action }) => action === 'remove'),
    visit,
    { reverse: true },
  );
}
