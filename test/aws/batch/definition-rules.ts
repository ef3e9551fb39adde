import { checkRetry, type RetryStrategy } from './retry.ts';
import type { ContainerProperties, EcsProperties, Task, TaskContainer } from './shapes.ts';
import { type BatchCall, clientException, type Definition, refused } from './state.ts';
import { sizeOf } from './task.ts';

const GIB = 1024;
/** Memory in MiB that Fargate offers for vCPUs: lowest, highest, step (API_ResourceRequirement). */
const FARGATE_SIZES = new Map<number, readonly number[]>([
  [0.25, [512, GIB, 2 * GIB]],
  [0.5, range(1, 4, 1)],
  [1, range(2, 8, 1)],
  [2, range(4, 16, 1)],
  [4, range(8, 30, 1)],
  [8, range(16, 60, 4)],
  [16, range(32, 120, 8)],
]);

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: (to - from) / step + 1 }, (_, index) => (from + index * step) * GIB);
}

type Given = Pick<Definition, 'container' | 'ecs' | 'platforms'>;

/** Throws what Batch answers to a definition, or to one with what SubmitJob overrides, that it does not take. */
export function checkDefinition(call: BatchCall, given: Given): void {
  const { container, ecs, platforms } = given;
  if ((container === undefined) === (ecs === undefined)) {
    throw refused(call, 'Exactly one of containerProperties and ecsProperties must be specified.');
  }
  if (container) checkContainer(call, container, platforms);
  if (ecs) checkTasks(call, ecs, platforms);
  checkSize(call, given);
}

function checkContainer(
  call: BatchCall,
  container: ContainerProperties,
  platforms: Definition['platforms'],
): void {
  if (!container.image) throw refused(call, 'Container image must be specified.');
  checkEither(call, container);
  if (!platforms.includes('FARGATE')) {
    refuse(call, 'EC2', {
      networkConfiguration: container.networkConfiguration,
      fargatePlatformConfiguration: container.fargatePlatformConfiguration,
      ephemeralStorage: container.ephemeralStorage,
      runtimePlatform: container.runtimePlatform,
    });
    return;
  }
  const { vcpus, memory, instanceType } = container;
  refuse(call, 'Fargate', { vcpus, memory, instanceType, privileged: container.privileged || undefined });
  checkOnFargate(call, [container], container);
  checkPlatform(call, container);
}

function checkTasks(
  call: BatchCall,
  { taskProperties }: EcsProperties,
  platforms: Definition['platforms'],
): void {
  const task = taskProperties[0];
  if (!task || taskProperties.length > 1)
    throw refused(call, 'taskProperties must have exactly one element.');
  const { containers } = task;
  if (containers.length < 1 || containers.length > 10) {
    throw refused(call, 'A task must have between 1 and 10 containers.');
  }
  const names = containers.map(({ name }) => name);
  if (containers.length > 1 && (names.includes(undefined) || new Set(names).size < names.length)) {
    throw refused(call, 'Each container of a task must have its own name.');
  }
  if (containers.every(({ essential }) => essential === false)) {
    throw refused(call, 'At least one container must be essential.');
  }
  const isFargate = platforms.includes('FARGATE');
  for (const each of containers) {
    checkEither(call, each);
    checkTimeouts(call, each, isFargate);
  }
  if (isFargate) {
    for (const { privileged } of containers) refuse(call, 'Fargate', { privileged: privileged || undefined });
    refuse(call, 'Fargate', { ipcMode: task.ipcMode });
    checkOnFargate(call, containers, task);
    checkPlatform(call, task);
    return;
  }
  const { networkConfiguration, platformVersion, ephemeralStorage, runtimePlatform } = task;
  refuse(call, 'EC2', { networkConfiguration, platformVersion, ephemeralStorage, runtimePlatform });
}

function checkTimeouts(call: BatchCall, container: TaskContainer, isFargate: boolean): void {
  for (const name of ['startTimeout', 'stopTimeout'] as const) {
    const seconds = container[name];
    if (seconds !== undefined && (seconds < 2 || (isFargate && seconds > 120))) {
      throw refused(call, `${name} must be between 2 and 120 seconds, but was ${seconds}.`);
    }
  }
}

/** What holds for every container, wherever it runs. */
function checkEither(
  call: BatchCall,
  container: Pick<TaskContainer, 'environment' | 'resourceRequirements'>,
): void {
  checkEnvironment(call, container.environment);
  const types = (container.resourceRequirements ?? []).map(({ type }) => type);
  if (new Set(types).size < types.length) throw refused(call, 'resourceRequirements has a type twice.');
}

export function checkEnvironment(call: BatchCall, environment: TaskContainer['environment'] = []): void {
  const reserved = environment.find(({ name }) => name?.startsWith('AWS_BATCH'));
  if (reserved) {
    throw refused(call, `Environment variables cannot start with "AWS_BATCH": ${reserved.name} is reserved.`);
  }
}

function checkOnFargate(
  call: BatchCall,
  containers: readonly Pick<
    TaskContainer,
    'ulimits' | 'linuxParameters' | 'logConfiguration' | 'resourceRequirements'
  >[],
  { executionRoleArn, volumes = [] }: Pick<Task, 'executionRoleArn' | 'volumes'>,
): void {
  if (!executionRoleArn) throw refused(call, 'Fargate job definitions must specify executionRoleArn.');
  if (volumes.some(({ host }) => host?.sourcePath !== undefined)) {
    throw refused(call, 'host.sourcePath is not applicable for Fargate.');
  }
  for (const { ulimits, linuxParameters, logConfiguration, resourceRequirements = [] } of containers) {
    const { devices, sharedMemorySize, tmpfs, maxSwap, swappiness } = linuxParameters ?? {};
    refuse(call, 'Fargate', { ulimits, devices, sharedMemorySize, tmpfs, maxSwap, swappiness });
    if (resourceRequirements.some(({ type }) => type === 'GPU')) {
      throw refused(call, 'GPU is not applicable for Fargate.');
    }
    if (logConfiguration && !['awslogs', 'splunk'].includes(logConfiguration.logDriver)) {
      throw refused(call, `Log driver ${logConfiguration.logDriver} is not applicable for Fargate.`);
    }
  }
}

function checkPlatform(
  call: BatchCall,
  { ephemeralStorage, runtimePlatform }: Pick<Task, 'ephemeralStorage' | 'runtimePlatform'>,
): void {
  const size = ephemeralStorage?.sizeInGiB;
  if (size !== undefined && (size < 21 || size > 200)) {
    throw refused(call, `Ephemeral storage must be between 21 and 200 GiB, but was ${size}.`);
  }
  const { cpuArchitecture = 'X86_64', operatingSystemFamily = 'LINUX' } = runtimePlatform ?? {};
  if (!['X86_64', 'ARM64'].includes(cpuArchitecture)) {
    throw refused(call, `cpuArchitecture must be X86_64 or ARM64, but was ${cpuArchitecture}.`);
  }
  const isWindows = /^WINDOWS_SERVER_(2019|2022)_(CORE|FULL)$/.test(operatingSystemFamily);
  if ((operatingSystemFamily !== 'LINUX' && !isWindows) || (isWindows && cpuArchitecture === 'ARM64')) {
    throw refused(call, `operatingSystemFamily ${operatingSystemFamily} is not valid on ${cpuArchitecture}.`);
  }
}

function checkSize(call: BatchCall, given: Given): void {
  const { vcpus, memory } = sizeOf(given);
  const text = `resource requirements (${vcpus.toFixed(2)} vCPU, ${memory} MiB) not valid.`;
  if (given.platforms.includes('FARGATE')) {
    if (!FARGATE_SIZES.get(vcpus)?.includes(memory)) throw refused(call, `Fargate ${text}`);
  } else if (!Number.isInteger(vcpus) || vcpus < 1 || !Number.isInteger(memory) || memory < 4) {
    throw refused(call, `EC2 ${text}`);
  }
}

/** Refuses what the platform does not know: each of `given` that is there. */
function refuse(call: BatchCall, platform: string, given: Record<string, unknown>): void {
  const wrong = Object.entries(given).find(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  if (wrong) throw refused(call, `${wrong[0]} is not applicable for ${platform}.`);
}

/** Retry strategy and timeout, which definitions and submissions both have. */
export function checkLimits(
  retry: RetryStrategy | undefined,
  timeout: { attemptDurationSeconds?: number | undefined } | undefined,
): void {
  checkRetry(retry);
  if (timeout && (timeout.attemptDurationSeconds ?? 0) < 60) {
    throw clientException(
      `Timeout attemptDurationSeconds must be at least 60, but was ${timeout.attemptDurationSeconds}`,
    );
  }
}
