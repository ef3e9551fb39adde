/** What a control asks and a stack does not do. */
export interface Exception {
  /** As in controls.ts. */
  control: string;
  /** A part of the names of those that it is about; all of them where it is left out. */
  resource?: RegExp;
  reason: string;
}

/** The one list of what is not as AWS Foundational Security Best Practices ask. One that is not needed fails its test. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    control: 'S3.9: access is logged',
    reason:
      "it needs a second bucket; whoever wants to know who reads labels has the account's own trail of data events",
  },
  {
    control: 'S3.14: versioning',
    reason: 'what is deleted must be gone: labels of images that a person wants forgotten',
  },
  {
    control: 'Opensearch.2: in a VPC',
    reason:
      'a domain in a VPC is out of reach of whoever searches from a laptop; this one lets in roles of the stack only, over TLS, and has no passwords. One in a VPC can be given: --index-endpoint',
  },
  {
    control: 'Opensearch.4: errors are logged',
    reason:
      'logs cost extra and hold the texts of slow and failing searches; a domain of that kind can be given',
  },
  {
    control: 'Opensearch.5: audit logs',
    reason: 'as for Opensearch.4: they hold what everybody searches for',
  },
  {
    control: 'Opensearch.6: at least three data nodes',
    reason:
      'three times the price; the index can be made again from the label archive without a call to Rekognition',
  },
  {
    control: 'Opensearch.11: three dedicated master nodes',
    reason: 'as for Opensearch.6: masters are for clusters of many nodes',
  },
  {
    control: 'CloudWatch.16: logs are kept for a year',
    reason: 'they name images, and are of use while a run can still be looked into: 30 days',
  },
  {
    control: 'ECS.2: no public addresses',
    reason:
      'in the default VPC nothing else leads to AWS without a NAT gateway, which costs more than the work; nobody may connect to them, and in given private subnets they get none',
  },
  {
    control: 'ECS.20: not the root user',
    reason:
      'the image says as whom it runs; its root file system is read-only, nothing is privileged, and no host is shared on Fargate',
  },
];

/** Actions of the stack's own roles that IAM knows no resource for. */
export const ANY_RESOURCE: Readonly<Record<string, string>> = {
  'rekognition:DetectLabels': 'an image in a request is no resource of AWS',
  'ecr:GetAuthorizationToken': 'a login is for the whole registry',
  'servicequotas:GetAWSDefaultServiceQuota': 'AWS has one default for everybody',
  'batch:DescribeJobs': 'jobs are listed by id',
  'batch:ListJobs': 'jobs are listed by queue, which is no resource of the action',
};
