import type {
  ContainerOverrides,
  ContainerProperties,
  EcsProperties,
  EcsPropertiesOverride,
} from './shapes.ts';
import { type BatchCall, refused } from './state.ts';

type Named = readonly { name?: string | undefined; value?: string | undefined }[];
type Typed = readonly { type: 'GPU' | 'VCPU' | 'MEMORY'; value: string }[];

/** Variables are overridden one by one, by name. */
function mergedEnvironment(before: Named = [], over: Named = []) {
  const names = new Set(over.map(({ name }) => name));
  return [...before.filter(({ name }) => !names.has(name)), ...over];
}

function mergedRequirements(before: Typed = [], over: Typed = []) {
  const types = new Set(over.map(({ type }) => type));
  return [...before.filter(({ type }) => !types.has(type)), ...over];
}

/** The container of a definition with what SubmitJob says of it. */
export function overriddenContainer(
  call: BatchCall,
  container: ContainerProperties | undefined,
  over: ContainerOverrides | undefined,
): ContainerProperties | undefined {
  if (!over) return container;
  if (!container) {
    throw refused(
      call,
      'containerOverrides can only be used with a job definition that has containerProperties.',
    );
  }
  const { environment, resourceRequirements, ...rest } = over;
  return {
    ...container,
    ...rest,
    environment: mergedEnvironment(container.environment, environment),
    resourceRequirements: mergedRequirements(container.resourceRequirements, resourceRequirements),
  };
}

/** The tasks of a definition with what SubmitJob says of their containers, found by name. */
export function overriddenTasks(
  call: BatchCall,
  ecs: EcsProperties | undefined,
  over: EcsPropertiesOverride | undefined,
): EcsProperties | undefined {
  if (!over) return ecs;
  if (!ecs) {
    throw refused(
      call,
      'ecsPropertiesOverride can only be used with a job definition that has ecsProperties.',
    );
  }
  const given = over.taskProperties?.flatMap((task) => task.containers ?? []) ?? [];
  const names = ecs.taskProperties.flatMap((task) => task.containers.map(({ name }) => name));
  const unknown = given.find(({ name }) => !names.includes(name));
  if (unknown) throw refused(call, `The job definition has no container named ${unknown.name}.`);
  return {
    taskProperties: ecs.taskProperties.map((task) => ({
      ...task,
      containers: task.containers.map((container) => {
        const change = given.find(({ name }) => name === container.name);
        if (!change) return container;
        const { environment, resourceRequirements, ...rest } = change;
        return {
          ...container,
          ...rest,
          environment: mergedEnvironment(container.environment, environment),
          resourceRequirements: mergedRequirements(container.resourceRequirements, resourceRequirements),
        };
      }),
    })),
  };
}
