import type { Definition, Job } from './state.ts';

/** The container that decides how an attempt ends: the only one, or the first essential one of several. */
export interface MainContainer {
  /** As log streams name it. */
  name: string;
  image: string;
  command: string[];
  environment: { name?: string | undefined; value?: string | undefined }[];
  jobRoleArn: string | undefined;
  executionRoleArn: string | undefined;
  /** Seconds between SIGTERM and SIGKILL; 30 by default. */
  stopTimeout: number;
  logOptions: Readonly<Record<string, string>>;
}

type Requirements = readonly { type: string; value: string }[];

/** vCPUs or MiB among requirements. */
function required(requirements: Requirements = [], type: 'VCPU' | 'MEMORY'): number | undefined {
  const found = requirements.find((each) => each.type === type);
  return found && Number(found.value);
}

/** vCPUs and MiB that an attempt takes up, all its containers together. */
export function sizeOf({ container, ecs }: Pick<Definition, 'container' | 'ecs'>): {
  vcpus: number;
  memory: number;
} {
  const containers = ecs?.taskProperties[0]?.containers ?? [];
  const sum = (type: 'VCPU' | 'MEMORY') =>
    containers.reduce((total, each) => total + (required(each.resourceRequirements, type) ?? 0), 0);
  if (!container) return { vcpus: sum('VCPU'), memory: sum('MEMORY') };
  return {
    vcpus: required(container.resourceRequirements, 'VCPU') ?? container.vcpus ?? 0,
    memory: required(container.resourceRequirements, 'MEMORY') ?? container.memory ?? 0,
  };
}

export function mainContainer(job: Pick<Job, 'container' | 'ecs' | 'parameters'>): MainContainer {
  const { container, ecs, parameters } = job;
  const task = ecs?.taskProperties[0];
  const inTask = task?.containers.find(({ essential }) => essential !== false) ?? task?.containers[0];
  const { image = '', command = [], environment = [], logConfiguration } = inTask ?? container ?? {};
  return {
    name: inTask?.name ?? 'default',
    image,
    command: command.map((word) => filledIn(word, parameters)),
    environment,
    jobRoleArn: task?.taskRoleArn ?? container?.jobRoleArn,
    executionRoleArn: task?.executionRoleArn ?? container?.executionRoleArn,
    stopTimeout: inTask?.stopTimeout ?? 30,
    logOptions: logConfiguration?.options ?? {},
  };
}

/** `Ref::name` becomes the parameter's value; one without a parameter stays. */
function filledIn(word: string, parameters: Readonly<Record<string, string>>): string {
  return word.replace(/Ref::([\w-]+)/g, (all, name: string) => parameters[name] ?? all);
}
