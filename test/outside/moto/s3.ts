import { MOTO_ACCOUNT } from './account.ts';
import {
  type Answer,
  ask,
  type Correction,
  type Request,
  withBody,
  withText,
  xmlAnswer,
  xmlError,
} from './exchange.ts';

const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const NO_BUCKET = () => xmlError('NoSuchBucket', 'The specified bucket does not exist', 404);

/** The bucket of a request about a bucket itself; undefined when it is about an object. */
function bucketOf(request: Request): string | undefined {
  const [, bucket = '', key = ''] = request.url.pathname.split('/');
  return request.service === 's3' && bucket !== '' && key === '' ? decodeURIComponent(bucket) : undefined;
}

function asksFor(request: Request, subresource: string): boolean {
  return request.url.searchParams.has(subresource);
}

/** moto ignores ExpectedBucketOwner. AWS: 403 when the bucket is another account's (S3 user guide, bucket-owner-condition). */
export function checksBucketOwner(): Correction {
  return async (request, next) => {
    const owner = request.headers['x-amz-expected-bucket-owner'];
    if (request.service !== 's3' || owner === undefined || owner === MOTO_ACCOUNT) return await next(request);
    return xmlError('AccessDenied', 'Access Denied', 403);
  };
}

/** moto drops the tags of CreateBucketConfiguration. AWS: the bucket has them from the start (API reference, CreateBucket). */
export function tagsNewBuckets(): Correction {
  return async (request, next) => {
    const answer = await next(request);
    const bucket = bucketOf(request);
    const creates = request.method === 'PUT' && request.url.search === '';
    const tags = /<Tags>(.*)<\/Tags>/s.exec(request.body)?.[1];
    if (bucket === undefined || !creates || tags === undefined || answer.status !== 200) return answer;
    const tagging = `<Tagging ${NAMESPACE}><TagSet>${tags}</TagSet></Tagging>`;
    const tagged = await next(
      ask(request, { service: 's3', method: 'PUT', path: `/${bucket}?tagging`, body: tagging }),
    );
    return tagged.status < 300 ? answer : tagged;
  };
}

/** moto has no default encryption. AWS: since 2023 every bucket is SSE-S3 at least (S3 user guide, default-encryption-faq). */
export function encryptsByDefault(): Correction {
  return async (request, next) => {
    const answer = await next(request);
    if (bucketOf(request) === undefined || request.method !== 'GET' || !asksFor(request, 'encryption'))
      return answer;
    if (!answer.body.includes('ServerSideEncryptionConfigurationNotFoundError')) return answer;
    return xmlAnswer(
      `<ServerSideEncryptionConfiguration ${NAMESPACE}><Rule><ApplyServerSideEncryptionByDefault>` +
        '<SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>' +
        '<BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>',
    );
  };
}

/**
 * moto applies the statements of a bucket's policy to objects without their conditions, so that a Deny without TLS denies
 * everything. AWS: a statement applies when its conditions hold (IAM user guide, reference_policies_elements_condition);
 * those that are used here never do on this machine. What was put is what is read.
 */
export function weighsConditions(): Correction {
  const policies = new Map<string, string>();
  return async (request, next) => {
    const bucket = bucketOf(request);
    if (bucket === undefined) return await next(request);
    if (request.method === 'DELETE' && ['', '?policy='].includes(request.url.search)) policies.delete(bucket);
    if (!asksFor(request, 'policy')) return await next(request);
    if (request.method === 'GET') {
      const policy = policies.get(bucket);
      const answer = await next(request);
      return policy === undefined || answer.status >= 300 ? answer : withText(answer, policy);
    }
    // What is no policy is refused by moto itself.
    if (request.method !== 'PUT' || !request.body.includes('"Statement"')) return await next(request);
    const policy = JSON.parse(request.body) as { Statement: { Effect: string; Condition?: object }[] };
    const Statement = policy.Statement.filter(({ Effect, Condition }) => Effect === 'Allow' || !Condition);
    const body = JSON.stringify({ ...policy, Statement });
    const answer = await next(withBody(request, body));
    if (answer.status < 300) policies.set(bucket, request.body);
    return answer;
  };
}

/** moto keeps EventBridgeConfiguration and never gives it back. AWS: it is part of what GET answers (API reference). */
export function showsEventBridge(): Correction {
  const enabled = new Set<string>();
  return async (request, next) => {
    const answer = await next(request);
    const bucket = bucketOf(request);
    if (bucket === undefined || answer.status >= 300) return answer;
    if (request.method === 'DELETE' && request.url.search === '') enabled.delete(bucket);
    if (!asksFor(request, 'notification')) return answer;
    if (request.method === 'PUT') {
      if (request.body.includes('<EventBridgeConfiguration')) enabled.add(bucket);
      else enabled.delete(bucket);
    }
    if (request.method !== 'GET' || !enabled.has(bucket)) return answer;
    const text = answer.body.toString('utf8');
    const open = text.replace(
      /<NotificationConfiguration([^>]*)\/>/,
      '<NotificationConfiguration$1></NotificationConfiguration>',
    );
    return withText(
      answer,
      open.replace('</NotificationConfiguration>', '<EventBridgeConfiguration/></NotificationConfiguration>'),
    );
  };
}

/**
 * moto answers IncludedObjectVersions "All" whatever was sent, lists OptionalFields as "Field", says NoSuchInventoryConfig,
 * and deletes the whole bucket on DELETE ?inventory. AWS: each configuration as it was sent, NoSuchConfiguration (404), and
 * only the configuration is deleted (API reference, the four BucketInventoryConfiguration operations).
 */
export function keepsInventories(): Correction {
  const kept = new Map<string, Map<string, string>>();
  return async (request, next) => {
    const bucket = bucketOf(request);
    if (bucket === undefined) return await next(request);
    if (!asksFor(request, 'inventory')) {
      const answer = await next(request);
      const deleted = request.method === 'DELETE' && request.url.search === '' && answer.status === 204;
      if (deleted) kept.delete(bucket);
      return answer;
    }
    const head = await next(ask(request, { service: 's3', method: 'HEAD', path: `/${bucket}` }));
    if (head.status === 404) return NO_BUCKET();
    const configurations = kept.get(bucket) ?? new Map<string, string>();
    kept.set(bucket, configurations);
    return answerInventory(request, configurations);
  };
}

function answerInventory(request: Request, configurations: Map<string, string>): Answer {
  const missing = () => xmlError('NoSuchConfiguration', 'The specified configuration does not exist.', 404);
  const id = request.url.searchParams.get('id');
  if (request.method === 'GET' && id === null) {
    const all = [...configurations].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, xml]) => xml);
    const list = `${all.join('')}<IsTruncated>false</IsTruncated>`;
    return xmlAnswer(
      `<ListInventoryConfigurationsResult ${NAMESPACE}>${list}</ListInventoryConfigurationsResult>`,
    );
  }
  if (id === null) return xmlError('InvalidArgument', 'Missing id', 400);
  if (request.method === 'GET') {
    const xml = configurations.get(id);
    return xml === undefined ? missing() : xmlAnswer(xml);
  }
  if (request.method === 'DELETE') return configurations.delete(id) ? xmlAnswer('', 204) : missing();
  if (/<Id>([^<]*)<\/Id>/.exec(request.body)?.[1] !== id)
    return xmlError('InvalidArgument', 'The id differs', 400);
  configurations.set(id, request.body.replace(/^<\?xml[^>]*\?>\s*/, ''));
  return xmlAnswer('');
}
