import { type AwsSpec, stackBucketName, stackDomainName } from './aws-spec.ts';

/** Where a stack is; with this every name of it is known. */
export type Place = Pick<AwsSpec, 'name' | 'account' | 'region' | 'partition' | 'iamPath'>;

export type Names = ReturnType<typeof namesOf>;

/**
 * The names and ARNs of everything that a stack is made of. They follow from the stack's name and place alone, so that
 * whatever was interrupted can be found again. IAM is one for all Regions and bucket names are worldwide: theirs carry
 * the Region, and the bucket's the account.
 */
export function namesOf({ name, account, region, partition, iamPath }: Place) {
  const prefix = `rekback-${name}`;
  const arn = (service: string, resource: string) =>
    `arn:${partition}:${service}:${region}:${account}:${resource}`;
  const iamArn = (resource: string) => `arn:${partition}:iam::${account}:${resource}`;
  const role = (purpose: string) => {
    const roleName = `${prefix}-${region}-${purpose}`;
    return { name: roleName, arn: iamArn(`role${iamPath}${roleName}`) };
  };
  const queue = (purpose: string) => ({
    name: `${prefix}-${purpose}`,
    arn: arn('sqs', `${prefix}-${purpose}`),
  });
  const rule = (purpose: string) => ({
    name: `${prefix}-${purpose}`,
    arn: arn('events', `rule/${prefix}-${purpose}`),
  });
  const logGroup = (purpose: string) => ({
    name: `/rekback/${name}/${purpose}`,
    arn: arn('logs', `log-group:/rekback/${name}/${purpose}`),
  });
  const batch = (kind: string, purpose: string) => ({
    name: `${prefix}-${purpose}`,
    arn: arn('batch', `${kind}/${prefix}-${purpose}`),
  });
  const bucketName = stackBucketName({ name, account, region });
  const domainName = stackDomainName(name);
  return {
    /** Our entries among others' in a bucket's notifications and inventories. */
    entry: (purpose: string) => `${prefix}-${purpose}`,
    bucket: { name: bucketName, arn: `arn:${partition}:s3:::${bucketName}` },
    queue: queue('live'),
    deadLetters: queue('dead-letters'),
    liveRule: rule('live'),
    jobStateRule: rule('job-state'),
    roles: {
      execution: role('execution'),
      planner: role('planner'),
      worker: role('worker'),
      live: role('live'),
      admin: role('admin'),
      search: role('search'),
    },
    repository: { name: `rekback/${name}`, arn: arn('ecr', `repository/rekback/${name}`) },
    jobLogs: logGroup('jobs'),
    liveLogs: logGroup('live'),
    function: { name: `${prefix}-live`, arn: arn('lambda', `function:${prefix}-live`) },
    securityGroup: { name: prefix },
    environments: {
      control: batch('compute-environment', 'control'),
      workers: batch('compute-environment', 'workers'),
    },
    queues: { control: batch('job-queue', 'control'), workers: batch('job-queue', 'workers') },
    jobs: { planner: batch('job-definition', 'planner'), worker: batch('job-definition', 'worker') },
    domain: { name: domainName, arn: arn('es', `domain/${domainName}`) },
  };
}

/** Of a stack's jobs: how they are named, where they wait, and what they are. */
export function batchNames(place: Place) {
  const { queues, jobs } = namesOf(place);
  return {
    stack: `rekback-${place.name}`,
    planner: { queue: queues.control.name, definition: jobs.planner.name },
    worker: { queue: queues.workers.name, definition: jobs.worker.name },
  };
}
