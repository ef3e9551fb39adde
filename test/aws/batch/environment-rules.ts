import { assumable, profileByName, roleByArn } from '../iam/reach.ts';
import type { World } from '../kernel/world.ts';
import type { ComputeResources, ComputeResourcesUpdate } from './shapes.ts';
import { type BatchCall, type Environment, refused } from './state.ts';

/** What "isn't applicable to jobs that are running on Fargate resources" (API_ComputeResource); the model knows nothing of it. */
const NOT_ON_FARGATE = [
  'minvCpus',
  'desiredvCpus',
  'instanceRole',
  'instanceTypes',
  'allocationStrategy',
  'imageId',
  'ec2Configuration',
  'ec2KeyPair',
  'bidPercentage',
  'launchTemplate',
  'tags',
  'spotIamFleetRole',
  'placementGroup',
  'scalingPolicy',
  'updateToLatestImageVersion',
];

export function isFargate(type: string): boolean {
  return type.startsWith('FARGATE');
}

function refuseOnFargate(call: BatchCall, given: object): void {
  const wrong = Object.keys(given).find((name) => NOT_ON_FARGATE.includes(name));
  if (wrong !== undefined) throw refused(call, `${wrong} is not applicable for Fargate.`);
}

/** Throws what Batch answers to resources that it does not take; gives them with the defaults that it fills in. */
export function checkedResources(call: BatchCall, given: ComputeResources): ComputeResources {
  const { type, maxvCpus, subnets = [], securityGroupIds = [], launchTemplate } = given;
  const missing = (name: string) => refused(call, `computeResources.${name} must be specified for ${type}.`);
  if (isFargate(type)) refuseOnFargate(call, given);
  if (maxvCpus === undefined) throw missing('maxvCpus');
  checkCpus(call, given);
  if (subnets.length === 0) throw missing('subnets');
  if (securityGroupIds.length === 0 && (isFargate(type) || !launchTemplate))
    throw missing('securityGroupIds');
  if (isFargate(type)) {
    checkFargatePlaces(call, given);
    return given;
  }
  if (given.instanceRole === undefined) throw missing('instanceRole');
  checkProfile(call, given.instanceRole);
  if ((given.instanceTypes ?? []).length === 0) throw missing('instanceTypes');
  const { allocationStrategy = 'BEST_FIT', bidPercentage } = given;
  if (type === 'SPOT' && allocationStrategy === 'BEST_FIT' && given.spotIamFleetRole === undefined) {
    throw missing('spotIamFleetRole');
  }
  if (bidPercentage !== undefined && (bidPercentage < 1 || bidPercentage > 100)) {
    throw refused(call, `bidPercentage must be between 1 and 100, but was ${bidPercentage}.`);
  }
  return {
    minvCpus: 0,
    desiredvCpus: given.minvCpus ?? 0,
    ec2Configuration: [{ imageType: 'ECS_AL2023' }],
    tags: {},
    ...given,
    allocationStrategy,
  };
}

function checkFargatePlaces(
  call: BatchCall,
  given: Pick<ComputeResources, 'subnets' | 'securityGroupIds'>,
): void {
  if ((given.subnets ?? []).length > 16) throw refused(call, 'Fargate takes at most 16 subnets.');
  if ((given.securityGroupIds ?? []).length > 5)
    throw refused(call, 'Fargate takes at most 5 security groups.');
}

function checkCpus(
  call: BatchCall,
  {
    minvCpus = 0,
    maxvCpus = 0,
    desiredvCpus,
  }: Pick<ComputeResources, 'minvCpus' | 'maxvCpus' | 'desiredvCpus'>,
): void {
  const desired = desiredvCpus ?? minvCpus;
  if (minvCpus < 0 || maxvCpus < 0 || minvCpus > maxvCpus || desired < minvCpus || desired > maxvCpus) {
    throw refused(call, 'desiredvCpus should be between minvCpus and maxvCpus.');
  }
}

function checkProfile(call: BatchCall, instanceRole: string): void {
  if (instanceRole.startsWith('arn:') && !instanceRole.includes(':instance-profile/')) {
    throw refused(call, 'The ECS Instance Role should be an ECS Instance Profile ARN.');
  }
}

/** Resources with a change applied. */
export function changedResources(
  call: BatchCall,
  before: ComputeResources,
  change: ComputeResourcesUpdate,
): ComputeResources {
  const { updateToLatestImageVersion: _, type = before.type, ...rest } = change;
  const after: ComputeResources = { ...before, ...rest, type };
  if (isFargate(before.type) !== isFargate(after.type)) {
    throw refused(
      call,
      `The type of a compute environment cannot change from ${before.type} to ${after.type}.`,
    );
  }
  if (isFargate(after.type)) {
    refuseOnFargate(call, change);
    checkFargatePlaces(call, change);
  }
  checkCpus(call, after);
  if (change.subnets?.length === 0 || change.securityGroupIds?.length === 0) {
    throw refused(call, 'subnets and securityGroupIds must not be empty.');
  }
  if (change.instanceRole !== undefined) checkProfile(call, change.instanceRole);
  return after;
}

/** ARNs of the roles that whoever sets this up must be allowed to pass on. */
export function passedRoles(
  call: BatchCall,
  resources: ComputeResources | undefined,
  serviceRole: string | undefined,
): string[] {
  const { instanceRole, spotIamFleetRole } = resources ?? {};
  const profile = instanceRole && profileByName(call.world, call.account, instanceRole);
  const inProfile = profile ? profile.roles.map((name) => roleArn(call, name)) : [];
  return [serviceRole, spotIamFleetRole, ...inProfile].filter((each) => each !== undefined);
}

/** A role by its ARN or name (a path is put before the name). */
export function roleArn(call: BatchCall, nameOrArn: string): string {
  return nameOrArn.startsWith('arn:')
    ? nameOrArn
    : `arn:aws:iam::${call.account}:role/${nameOrArn.replace(/^\//, '')}`;
}

/** Why an environment cannot work: a role that cannot be assumed, or a profile that is not there, yet or any more. */
export function roleTrouble(world: World, account: string, environment: Environment): string | undefined {
  const { serviceRole, resources } = environment;
  // Batch waits for the role that it makes itself.
  const isLinked = roleByArn(world, serviceRole)?.linkedTo !== undefined;
  const service = isLinked ? 'yes' : assumable(world, serviceRole, 'batch.amazonaws.com', environment.arn);
  if (service === 'pending') {
    return `CLIENT_ERROR - Not authorized to perform sts:AssumeRole on resource: ${serviceRole}`;
  }
  if (service !== 'yes') {
    return `CLIENT_ERROR - User: batch.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: ${serviceRole} (Service: AWSSecurityTokenService; Status Code: 403; Error Code: AccessDenied)`;
  }
  if (resources?.instanceRole === undefined) return undefined;
  const profile = profileByName(world, account, resources.instanceRole);
  if (!profile || profile.roles.length === 0 || world.clock.now() < profile._propagatedAt) {
    return `CLIENT_ERROR - Invalid IamInstanceProfile: ${resources.instanceRole}`;
  }
  return undefined;
}
