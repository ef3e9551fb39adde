import * as Flags from '@oclif/core/flags';
import type { InferredFlags } from '@oclif/core/interfaces';
import type { SetupChoice } from '../provision/options.ts';

const ofBucket = { helpGroup: 'BUCKET', dependsOn: ['bucket'], exclusive: ['local'] };

/** Which images a stack is about, and when they are labelled first. */
export const sourceFlags = {
  folder: Flags.string({
    exactlyOne: ['folder', 'bucket'],
    helpValue: 'DIR',
    summary: 'The folder that holds the images.',
  }),
  bucket: Flags.string({ helpValue: 'NAME', summary: 'The bucket that holds the images.' }),
  local: Flags.boolean({
    dependsOn: ['bucket'],
    summary: 'Only read the bucket: its index is kept on this machine, and nothing is made on AWS.',
  }),
  labeler: Flags.option({
    options: ['keywords', 'rekognition'] as const,
    relationships: [{ type: 'some', flags: ['folder', 'local'] }],
    summary: "What puts labels on the images. Default 'keywords' for a folder, 'rekognition' for a bucket.",
  })(),
  prefix: Flags.string({
    helpValue: 'P',
    summary: 'Only keys (paths below the folder) that begin with this.',
  }),
  backfill: Flags.option({
    options: ['auto', 'manual'] as const,
    summary: 'Label what is there right away (a bucket: once its inventory arrives), or later.',
  })(),
};

/** What can be chosen for a stack on AWS. What is not named stays as it is. */
export const bucketFlags = {
  live: Flags.option({
    options: ['s3', 'eventbridge', 'none'] as const,
    ...ofBucket,
    summary:
      "How changes of the bucket arrive: by its notifications, by EventBridge, or not at all. Default 's3'.",
  })(),
  'enable-eventbridge': Flags.boolean({
    ...ofBucket,
    summary: 'Agree that the bucket is made to tell EventBridge what happens.',
  }),
  'skip-destination-validation': Flags.boolean({
    ...ofBucket,
    summary: "Don't let S3 ask whether the destinations of others' notifications are alive.",
  }),
  'inventory-format': Flags.option({
    options: ['CSV', 'Parquet'] as const,
    ...ofBucket,
    summary: 'What S3 writes the inventory as. Default CSV.',
  })(),
  'bucket-changes': Flags.option({
    options: ['apply', 'print'] as const,
    ...ofBucket,
    summary: "Change the bucket's own configuration, or print it for its owner to apply. Default 'apply'.",
  })(),
  compute: Flags.option({
    options: ['fargate', 'fargate-spot'] as const,
    ...ofBucket,
    summary: "What the workers run on. Default 'fargate-spot'.",
  })(),
  'max-vcpus': Flags.integer({
    min: 1,
    max: 10_000,
    ...ofBucket,
    helpValue: 'N',
    summary: 'Most vCPUs of the workers; a quarter each. Default 4.',
  }),
  subnets: Flags.string({
    ...ofBucket,
    helpValue: 'ID,ID',
    delimiter: ',',
    multiple: true,
    summary: "The workers' subnets; the default VPC's where left out.",
  }),
  'security-groups': Flags.string({
    ...ofBucket,
    helpValue: 'ID,ID',
    delimiter: ',',
    multiple: true,
    summary: "The workers' security groups; one of their own where left out.",
  }),
  image: Flags.option({
    options: ['push', 'docker'] as const,
    ...ofBucket,
    summary: "How the jobs' container image is made: pushed from here, or built by Docker. Default 'push'.",
  })(),
  'base-image': Flags.string({
    ...ofBucket,
    helpValue: 'IMAGE',
    summary: 'The image with Node 24 that it is made from, for arm64 and amd64.',
  }),
  'image-uri': Flags.string({
    ...ofBucket,
    exclusive: [...ofBucket.exclusive, 'image', 'base-image'],
    helpValue: 'URI',
    summary: 'A container image that holds rekback already, instead of making one.',
  }),
  'index-endpoint': Flags.string({
    ...ofBucket,
    helpValue: 'URL',
    summary: 'An OpenSearch that is there already, instead of a domain of its own.',
  }),
  'kms-key': Flags.string({
    ...ofBucket,
    helpValue: 'ARN',
    summary: 'The key that the images are encrypted with.',
  }),
  'permissions-boundary': Flags.string({
    ...ofBucket,
    helpValue: 'ARN',
    summary: 'The permissions boundary of the roles.',
  }),
  'iam-path': Flags.string({ ...ofBucket, helpValue: '/P/', summary: 'The path of the roles.' }),
  notify: Flags.string({
    ...ofBucket,
    helpValue: 'ARN|URL',
    multiple: true,
    multipleNonGreedy: true,
    summary:
      "Told of a run's end, of a reached daily cap and of dead letters: an SNS topic or an https:// address; may be " +
      "given several times. 'none' for nobody any more.",
  }),
  tag: Flags.string({
    ...ofBucket,
    helpValue: 'K=V',
    multiple: true,
    multipleNonGreedy: true,
    summary: 'A tag for everything that is made; may be given several times.',
  }),
};

/** The flags as provisioning takes them; what was not named is undefined. */
export const choiceOf = (
  flags: InferredFlags<typeof bucketFlags & Pick<typeof sourceFlags, 'prefix' | 'backfill'>>,
): SetupChoice => ({
  prefix: flags.prefix,
  backfill: flags.backfill,
  live: flags.live,
  enableEventBridge: flags['enable-eventbridge'] || undefined,
  skipDestinationValidation: flags['skip-destination-validation'] || undefined,
  inventoryFormat: flags['inventory-format'],
  bucketChanges: flags['bucket-changes'],
  compute: flags.compute,
  maxVcpus: flags['max-vcpus'],
  subnets: flags.subnets,
  securityGroups: flags['security-groups'],
  image: flags.image,
  baseImage: flags['base-image'],
  imageUri: flags['image-uri'],
  indexEndpoint: flags['index-endpoint'],
  kmsKey: flags['kms-key'],
  permissionsBoundary: flags['permissions-boundary'],
  iamPath: flags['iam-path'],
  notify: flags.notify,
  tags: flags.tag,
});
