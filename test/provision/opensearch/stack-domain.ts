import type { Context } from '../../../src/provision/context.ts';
import { adminRole } from '../../../src/provision/iam/admin-role.ts';
import { liveRole } from '../../../src/provision/iam/live-role.ts';
import { searchRole } from '../../../src/provision/iam/search-role.ts';
import { workerRole } from '../../../src/provision/iam/worker-role.ts';
import { domain } from '../../../src/provision/opensearch/domain.ts';
import type { Resource } from '../../../src/provision/resource.ts';
import type { AwsSpec } from '../../../src/stack/aws-spec.ts';
import type { World } from '../../aws/kernel/world.ts';
import { opensearch } from '../../aws/opensearch/service.ts';
import type { Domain } from '../../aws/opensearch/state.ts';
import { testContext } from '../context.ts';

/** Makes the roles that a stack's domain names. */
export async function makeRoles(context: Context): Promise<void> {
  for (const role of [adminRole, workerRole, liveRole, searchRole]) await role(context, []).ensure();
}

/** A domain that is there with its roles; the journal begins after it. */
export async function makeDomain(
  world: World,
  overrides: Partial<AwsSpec> = {},
): Promise<{ context: Context; resource: Resource }> {
  const context = testContext(world, overrides);
  await makeRoles(context);
  const resource = domain(context, []);
  await resource.ensure();
  world.journal.clear();
  return { context, resource };
}

/** The domain as the double has it. */
export function storedDomain(world: World): Domain {
  const found = world.state(opensearch, '111122223333', 'eu-west-1').domains.get('rekback-photos');
  if (found === undefined) throw new Error('no domain');
  return found;
}
