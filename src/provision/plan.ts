import { type Found, foreign, type Resource } from './resource.ts';

/** What has to be done about one resource. */
export interface Change {
  resource: Resource;
  found: Found;
  action: 'create' | 'update' | 'remove';
}

/** A resource and what a look found. */
export interface Inspected {
  resource: Resource;
  found: Found;
}

/** Looks at every resource, all side by side. */
export async function inspectAll(resources: readonly Resource[]): Promise<Inspected[]> {
  const judged = await Promise.all(resources.map((resource) => resource.look()));
  return resources.flatMap((resource, index) => {
    const found = judged[index]?.();
    return found === undefined ? [] : [{ resource, found }];
  });
}

/**
 * What lies between what is and what is wanted.
 *
 * @param wants - whether the stack is to have a resource; for a teardown it is to have none
 * @throws RekbackError `foreign` for what is wanted but somebody else's: before anything is changed
 */
export function planChanges(
  inspected: readonly Inspected[],
  wants: (resource: Resource) => boolean = (resource) => resource.isWanted(),
): Change[] {
  return inspected.flatMap(({ resource, found }): Change[] => {
    if (!wants(resource)) {
      const isThere = found.state !== 'absent' && found.state !== 'foreign';
      return isThere ? [{ resource, found, action: 'remove' }] : [];
    }
    switch (found.state) {
      case 'present':
        return [];
      case 'absent':
        return [{ resource, found, action: 'create' }];
      case 'foreign':
        throw foreign(resource.type, resource.name, found.reason);
      default:
        return [{ resource, found, action: 'update' }];
    }
  });
}
