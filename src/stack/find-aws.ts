import { DescribeDomainCommand, ListTagsCommand, OpenSearchClient } from '@aws-sdk/client-opensearch';
import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { GetBucketTaggingCommand, type GetBucketTaggingCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { openS3Objects } from '../adapters/s3/objects.ts';
import { ifThere, isAwsError, isNotFound } from '../aws/errors.ts';
import { explained } from '../aws/explain.ts';
import type { Session } from '../aws/session.ts';
import { RekbackError } from '../runtime/errors.ts';
import { IMAGES_TAG, STACK_TAG, stackBucketName, stackDomainName } from './aws-spec.ts';
import { type AwsRecord, isOnAws, readRecord } from './record.ts';

/** A stack as its bucket tells of it, or its domain where a teardown kept that alone. */
export interface AwsStack {
  name: string;
  /** The bucket whose images it is about. */
  images: string;
  /** Undefined where a setup was interrupted before it wrote one, or a teardown after it removed it. */
  record: AwsRecord | undefined;
}

/** The stacks of the session's account and Region, by name: found by the tags of their buckets. */
export const findAwsStacks = (session: Session): Promise<{ name: string; images: string }[]> =>
  explained("can't look for stacks on AWS", listByTag(session));

async function listByTag(session: Session): Promise<{ name: string; images: string }[]> {
  const { account, region, clients } = session;
  const tagging = clients(ResourceGroupsTaggingAPIClient);
  const stacks = new Map<string, { name: string; images: string }>();
  let PaginationToken: string | undefined;
  do {
    const page = await tagging.send(
      new GetResourcesCommand({
        ResourceTypeFilters: ['s3', 'es:domain'],
        TagFilters: [{ Key: STACK_TAG }],
        ...(PaginationToken && { PaginationToken }),
      }),
    );
    for (const { ResourceARN = '', Tags = [] } of page.ResourceTagMappingList ?? []) {
      const tags = new Map(Tags.map(({ Key, Value = '' }) => [Key, Value]));
      const name = tags.get(STACK_TAG) ?? '';
      // What was made as another stack's stays what its name says.
      const own = [`:${stackBucketName({ name, account, region })}`, `/${stackDomainName(name)}`];
      if (!own.some((end) => ResourceARN.endsWith(end))) continue;
      stacks.set(name, { name, images: tags.get(IMAGES_TAG) ?? '' });
    }
    PaginationToken = page.PaginationToken;
  } while (PaginationToken);
  return [...stacks.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The stack of this name in the session's account and Region, asked of its bucket, so that one that was just made is
 * found too; or of its domain, where a teardown kept that alone.
 *
 * @returns undefined where there is none, or where that is not tagged as ours
 * @param evenDamaged - a record that is none counts as none: setup writes it anew, teardown does without
 * @throws RekbackError `stack-damaged`, `stack-denied`
 */
export const readAwsStack = (
  session: Session,
  name: string,
  { evenDamaged = false } = {},
): Promise<AwsStack | undefined> =>
  explained(`can't look for the stack '${name}' on AWS`, readByName(session, name, evenDamaged));

async function readByName(
  session: Session,
  name: string,
  evenDamaged: boolean,
): Promise<AwsStack | undefined> {
  const { clients, account, region } = session;
  const bucket = stackBucketName({ name, account, region });
  const at = { Bucket: bucket, ExpectedBucketOwner: account };
  let tagging: GetBucketTaggingCommandOutput | undefined;
  try {
    tagging = await clients(S3Client).send(new GetBucketTaggingCommand(at));
  } catch (error) {
    if (isAwsError(error, 'NoSuchBucket')) return keptIndex(session, name);
    if (isAwsError(error, 'AccessDenied')) throw notSeen(name, bucket, error);
    if (!isNotFound(error)) throw error;
  }
  const tags = new Map(tagging?.TagSet?.map(({ Key, Value = '' }) => [Key, Value]));
  if (tags.get(STACK_TAG) !== name) return undefined;
  const reading = readRecord(openS3Objects(clients, { bucket, account }), name);
  const record = await reading.catch((error: unknown) => {
    if (evenDamaged && error instanceof RekbackError && error.code === 'stack-damaged') return undefined;
    throw error;
  });
  return {
    name,
    images: tags.get(IMAGES_TAG) ?? '',
    record: record !== undefined && isOnAws(record) ? record : undefined,
  };
}

/** A stack of which only the domain is there, and costs. */
async function keptIndex({ clients }: Session, name: string): Promise<AwsStack | undefined> {
  const client = clients(OpenSearchClient);
  const describe = new DescribeDomainCommand({ DomainName: stackDomainName(name) });
  const ARN = (await ifThere(client.send(describe)))?.DomainStatus?.ARN;
  if (ARN === undefined) return undefined;
  const listed = await ifThere(client.send(new ListTagsCommand({ ARN })));
  const tags = new Map(listed?.TagList?.map(({ Key, Value = '' }) => [Key, Value]));
  if (tags.get(STACK_TAG) !== name) return undefined;
  return { name, images: tags.get(IMAGES_TAG) ?? '', record: undefined };
}

const notSeen = (name: string, bucket: string, cause: unknown) =>
  new RekbackError(
    'stack-denied',
    `the bucket '${bucket}' of the stack '${name}' may not be looked at: another account owns it, or the right s3:GetBucketTagging is missing`,
    {
      cause,
      suggestions: [`ask for s3:GetBucketTagging on '${bucket}'`, 'or choose another name with --stack NAME'],
    },
  );
