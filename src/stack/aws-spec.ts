/** What a person chose for a stack on AWS, and what setup found out once and must not change by itself. */
export interface AwsOptions {
  /** The bucket whose images are labelled. */
  bucket: string;
  /** How changes of the bucket reach the stack. */
  live: 's3' | 'eventbridge' | 'none';
  /** Whether a person has paused live changes: setup leaves them so. */
  livePaused?: true;
  /** With `eventbridge`: whether the bucket may be made to tell EventBridge everything, where it does not yet. */
  enableEventBridge?: boolean;
  /** Whether S3 is not to ask the destinations of the bucket's notifications: for one that is dead and not ours. */
  skipDestinationValidation?: boolean;
  inventoryFormat: 'CSV' | 'Parquet';
  /** `auto`: the first inventory that arrives starts a backfill. */
  backfill: 'auto' | 'manual';
  /** `print`: the bucket's owner writes what belongs on the bucket; setup only looks. */
  bucketChanges: 'apply' | 'print';
  compute: 'fargate' | 'fargate-spot';
  maxVcpus: number;
  /** The workers' network. */
  network: {
    subnets: readonly string[];
    /** Empty: the stack makes one of its own, in `vpc`. */
    securityGroups: readonly string[];
    vpc: string;
    /** Tasks in a public subnet without NAT reach AWS only with an address of their own. */
    assignPublicIp: boolean;
  };
  /** The container image, by its digest; by a tag that never moves where Docker built it, or others do not let us ask. */
  imageUri: string;
  /** How setup makes it, under which tag; absent for one that was there already. `base`: with its digest for `push`. */
  image?: { by: 'push' | 'docker'; base: string; tag: string };
  /** An OpenSearch that is there already; otherwise the stack makes a domain. */
  indexEndpoint?: string;
  domain: { engineVersion: string; instanceType: string; instances: number; volumeGiB: number };
  /** The key that the images are encrypted with. */
  kmsKey?: string;
  permissionsBoundary?: string;
  /** Begins and ends with a slash. */
  iamPath: string;
  /** Topics of SNS and web addresses that are told of ended runs, a reached cap and dead letters; absent for none. */
  notify?: readonly string[];
  /** The user's own tags. */
  tags: Readonly<Record<string, string>>;
}

/** What costs money, where nobody chooses otherwise. */
export const DEFAULTS = {
  compute: 'fargate-spot',
  /**
   * A quarter of a vCPU makes hundreds of calls a second, so this is more than the default quota of DetectLabels can
   * use; and it is within the six that a new account may have on Fargate.
   */
  maxVcpus: 4,
  /** The smallest that AWS recommends for anything but a trial is dearer; an index of a million images fits this one. */
  domain: { instanceType: 't3.small.search', instances: 1, volumeGiB: 10 },
} as const;

/** A stack on AWS: where it is, and what was chosen for it. */
export interface AwsSpec extends AwsOptions {
  name: string;
  /** Only keys that begin with this; empty for all. */
  prefix: string;
  account: string;
  region: string;
  /** `aws`, `aws-cn`, `aws-us-gov`: the first part of every ARN. */
  partition: string;
}

/** What is needed to find a stack on AWS. */
export type AwsPlace = Pick<AwsSpec, 'name' | 'account' | 'region'>;

/** The bucket that a stack keeps everything in. Bucket names are worldwide, so the place is in it. */
export const stackBucketName = ({ name, account, region }: AwsPlace): string =>
  `rekback-${name}-${account}-${region}`;

/** On everything that a stack is made of and that can carry tags: whose it is. */
export const STACK_TAG = 'rekback:stack';

/** The domain of the stack's index: 28 characters at most, which a stack's name was made to fit. */
export const stackDomainName = (name: string): string => `rekback-${name}`;

/**
 * On the stack's bucket and domain: the bucket whose images it is about, so that even a stack without a record can be
 * removed, and one of which only the index was kept.
 */
export const IMAGES_TAG = 'rekback:images';
