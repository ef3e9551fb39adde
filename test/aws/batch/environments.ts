import { linkedRole } from '../iam/reach.ts';
import { operations } from '../kernel/operation.ts';
import { int, need, str, struct } from '../kernel/shape.ts';
import {
  changedResources,
  checkedResources,
  isFargate,
  passedRoles,
  roleArn,
  roleTrouble,
} from './environment-rules.ts';
import { schedule } from './schedule.ts';
import {
  computeResources,
  computeResourcesUpdate,
  names,
  paging,
  state,
  tags,
  updatePolicy,
} from './shapes.ts';
import {
  arnOf,
  type BatchCall,
  type BatchState,
  checkName,
  clientException,
  type Environment,
  find,
  page,
  pageSize,
  refused,
  requirePermission,
} from './state.ts';

const op = operations<BatchState>();
const MOST_ENVIRONMENTS = 50;
const about = {
  resource: ({ computeEnvironment }: { computeEnvironment: string }, call: BatchCall) =>
    arnOf(call, 'compute-environment', computeEnvironment.split('/').at(-1) ?? ''),
};

function describe(environment: Environment) {
  const { name, arn, uuid, resources } = environment;
  return {
    computeEnvironmentName: name,
    computeEnvironmentArn: arn,
    unmanagedvCpus: environment.unmanagedvCpus,
    ecsClusterArn: arn
      .replace(':batch:', ':ecs:')
      .replace(/:compute-environment\/.*/, `:cluster/AWSBatch-${name}-${uuid}`),
    tags: Object.fromEntries(environment.tags),
    type: environment.type,
    state: environment.enabled ? 'ENABLED' : 'DISABLED',
    status: environment.status,
    statusReason: environment.statusReason,
    computeResources: resources,
    serviceRole: environment.serviceRole,
    updatePolicy: environment.updatePolicy,
    containerOrchestrationType: 'ECS',
    uuid,
  };
}

/** Lets `status` last for the delay, then settles on VALID or INVALID. At once where nothing is delayed. */
function change(call: BatchCall, environment: Environment, status: 'CREATING' | 'UPDATING'): void {
  const { world } = call;
  const settle = () => {
    const trouble = roleTrouble(world, call.account, environment);
    environment.status = trouble === undefined ? 'VALID' : 'INVALID';
    environment.statusReason = trouble ?? 'ComputeEnvironment Healthy';
    schedule(world, call.state);
  };
  environment.status = status;
  environment.statusReason = '';
  after(call, settle);
}

function after({ world }: BatchCall, run: () => void): void {
  if (world.delays.batchEnvironment === 0) run();
  else world.clock.after(world.delays.batchEnvironment, run);
}

function isChanging({ status }: Environment): boolean {
  return status === 'CREATING' || status === 'UPDATING' || status === 'DELETING';
}

export const environmentOperations = [
  op(
    'CreateComputeEnvironment',
    'Write',
    struct({
      computeEnvironmentName: need(str()),
      type: need(str({ oneOf: ['MANAGED', 'UNMANAGED'] })),
      state,
      unmanagedvCpus: int(0),
      computeResources,
      serviceRole: str(),
      tags,
    }),
    (call, input) => {
      const { computeEnvironmentName: name, type, computeResources: given, unmanagedvCpus } = input;
      const { environments } = call.state;
      checkName('computeEnvironmentName', name);
      if (environments.has(name)) throw refused(call, 'Object already exists');
      if (environments.size >= MOST_ENVIRONMENTS) {
        throw refused(call, `Cannot have more than ${MOST_ENVIRONMENTS} compute environments`);
      }
      if (type === 'MANAGED' && !given) throw refused(call, 'computeResources must be specified for MANAGED');
      if (type === 'MANAGED' && unmanagedvCpus !== undefined) {
        throw refused(call, 'unmanagedvCpus can only be specified for UNMANAGED');
      }
      if (type === 'UNMANAGED' && input.serviceRole === undefined) {
        throw refused(call, 'serviceRole must be specified for UNMANAGED');
      }
      const resources = given && checkedResources(call, given);
      const arn = arnOf(call, 'compute-environment', name);
      const own = input.serviceRole === undefined ? undefined : roleArn(call, input.serviceRole);
      for (const role of passedRoles(call, resources, own)) requirePermission(call, 'iam:PassRole', role);
      if (input.tags) requirePermission(call, 'batch:TagResource', arn);
      const environment: Environment = {
        name,
        arn,
        uuid: call.world.ids.uuid(),
        type,
        enabled: input.state !== 'DISABLED',
        status: 'CREATING',
        statusReason: '',
        unmanagedvCpus,
        resources,
        serviceRole: own ?? serviceLinkedRole(call),
        updatePolicy: undefined,
        tags: new Map(Object.entries(input.tags ?? {})),
        _used: 0,
      };
      environments.set(name, environment);
      change(call, environment, 'CREATING');
      return { computeEnvironmentName: name, computeEnvironmentArn: arn };
    },
    { resource: (input, call) => arnOf(call, 'compute-environment', input.computeEnvironmentName) },
  ),
  op(
    'DescribeComputeEnvironments',
    'Read',
    struct({ computeEnvironments: names, ...paging }),
    (call, { computeEnvironments: wanted = [], maxResults, nextToken }) => {
      if (wanted.length > 100) throw clientException('computeEnvironments has more than 100 entries');
      const all = [...call.state.environments.values()];
      const found = all.filter(
        ({ name, arn }) => wanted.length === 0 || [name, arn].some((each) => wanted.includes(each)),
      );
      const part = page(found, ({ name }) => name, nextToken, pageSize(maxResults, 100));
      return { computeEnvironments: part.page.map(describe), nextToken: part.nextToken };
    },
  ),
  op(
    'UpdateComputeEnvironment',
    'Write',
    struct({
      computeEnvironment: need(str()),
      state,
      unmanagedvCpus: int(0),
      computeResources: computeResourcesUpdate,
      serviceRole: str(),
      updatePolicy,
    }),
    (call, input) => {
      const environment = find(call.state.environments, input.computeEnvironment);
      if (!environment) throw refused(call, `${input.computeEnvironment} does not exist`);
      if (isChanging(environment)) throw refused(call, 'Cannot update, resource is being modified');
      const { resources } = environment;
      if (input.computeResources && !resources) {
        throw refused(call, 'computeResources can only be updated for MANAGED');
      }
      const changed =
        resources && input.computeResources && changedResources(call, resources, input.computeResources);
      const own = input.serviceRole === undefined ? undefined : roleArn(call, input.serviceRole);
      const roles = passedRoles(call, input.computeResources && changed, own);
      for (const role of roles) requirePermission(call, 'iam:PassRole', role);
      if (changed) environment.resources = changed;
      if (own !== undefined) environment.serviceRole = own;
      if (input.state) environment.enabled = input.state === 'ENABLED';
      if (input.unmanagedvCpus !== undefined) environment.unmanagedvCpus = input.unmanagedvCpus;
      if (input.updatePolicy) environment.updatePolicy = input.updatePolicy;
      change(call, environment, 'UPDATING');
      return { computeEnvironmentName: environment.name, computeEnvironmentArn: environment.arn };
    },
    about,
  ),
  op(
    'DeleteComputeEnvironment',
    'Write',
    struct({ computeEnvironment: need(str()) }),
    (call, { computeEnvironment }) => {
      const environment = find(call.state.environments, computeEnvironment);
      if (!environment) return {};
      if (isChanging(environment)) throw clientException('Cannot delete, resource is being modified');
      if (environment.enabled) throw clientException('Cannot delete, compute environment must be DISABLED');
      const isInQueue = [...call.state.queues.values()].some((queue) =>
        queue.environments.some((each) => each.computeEnvironment === environment.arn),
      );
      if (isInQueue) throw clientException('Cannot delete, found existing JobQueue relationship');
      environment.status = 'DELETING';
      environment.statusReason = '';
      after(call, () => remove(call, environment));
      return {};
    },
    about,
  ),
];

/** Batch needs its role, and Fargate jobs at an end, to take an environment down; else it is left INVALID. */
function remove(call: BatchCall, environment: Environment): void {
  const { serviceRole, resources, _used: used } = environment;
  const trouble = roleTrouble(call.world, call.account, {
    ...environment,
    resources: undefined,
    serviceRole,
  });
  const isBusy = resources !== undefined && isFargate(resources.type) && used > 0;
  if (trouble === undefined && !isBusy) {
    call.state.environments.delete(environment.name);
    return;
  }
  environment.status = 'INVALID';
  environment.statusReason =
    trouble ?? 'CLIENT_ERROR - The cluster cannot be deleted while tasks are active.';
}

function serviceLinkedRole(call: BatchCall): string {
  const name = 'AWSServiceRoleForBatch';
  const arn = `arn:aws:iam::${call.account}:role/aws-service-role/batch.amazonaws.com/${name}`;
  requirePermission(call, 'iam:CreateServiceLinkedRole', arn);
  return linkedRole(call.world, call.account, 'batch.amazonaws.com', name).arn;
}
