import { AwsError } from '../kernel/errors.ts';
import type { Access, Web } from '../kernel/operation.ts';
import type { Answer, Request } from '../kernel/protocols/wire.ts';
import { authorize } from './authorization.ts';
import { addPart, completeUpload, downloadPath, startUpload, uploadOf } from './layers.ts';
import { immutableMessage, isImmutable, type Manifest, putImage } from './put-image.ts';
import { arnOf, type EcrCall, type EcrState, ecrError, type Repository, repositoryNamed } from './state.ts';

/** What a request of the distribution API asks for, under the name of the ECR action that it needs. */
interface Asked {
  action: string;
  access: Access;
  name: string;
  /** Digest, tag or upload. */
  reference: string;
}

const NAME = '([a-z0-9._/-]+)';
const ROUTES: readonly [method: string, path: RegExp, action: string, access: Access][] = [
  ['GET', /^\/v2\/?$/, 'GetAuthorizationToken', 'Read'],
  ['HEAD', new RegExp(`^/v2/${NAME}/manifests/([^/]+)$`), 'BatchGetImage', 'Read'],
  ['GET', new RegExp(`^/v2/${NAME}/manifests/([^/]+)$`), 'BatchGetImage', 'Read'],
  ['PUT', new RegExp(`^/v2/${NAME}/manifests/([^/]+)$`), 'PutImage', 'Write'],
  ['GET', new RegExp(`^/v2/${NAME}/tags/(list)$`), 'ListImages', 'List'],
  ['POST', new RegExp(`^/v2/${NAME}/blobs/uploads/?()$`), 'InitiateLayerUpload', 'Write'],
  ['PATCH', new RegExp(`^/v2/${NAME}/blobs/uploads/([^/]+)$`), 'UploadLayerPart', 'Write'],
  ['PUT', new RegExp(`^/v2/${NAME}/blobs/uploads/([^/]+)$`), 'CompleteLayerUpload', 'Write'],
  ['HEAD', new RegExp(`^/v2/${NAME}/blobs/([^/]+)$`), 'BatchCheckLayerAvailability', 'Read'],
  ['GET', new RegExp(`^/v2/${NAME}/blobs/([^/]+)$`), 'GetDownloadUrlForLayer', 'Read'],
];

function asked(request: Request): Asked {
  const path = decodeURIComponent(request.path);
  for (const [method, pattern, action, access] of ROUTES) {
    const found = method === request.method ? pattern.exec(path) : null;
    if (found) return { action, access, name: found[1] ?? '', reference: found[2] ?? '' };
  }
  throw new AwsError('UNSUPPORTED', 'The operation is unsupported.', { status: 405 });
}

/** The registry's HTTP API v2, as ECR answers it, on the port of the double. */
export const registry: Web<EcrState> = {
  takes: ({ path, headers }) =>
    /^\/v2(\/|$)/.test(path) && !(headers.authorization ?? '').startsWith('AWS4-'),
  open(world, request) {
    const { action, access, name } = asked(request);
    const token = authorize(world, request);
    const resource = name === '' ? '*' : arnOf(token, name);
    return { ...token, operation: { name: action, access }, resource };
  },
  serve(call, request) {
    const { action, name, reference } = asked(request);
    if (action === 'GetAuthorizationToken') return answer(200);
    const signless = /^-\/(\d{12})\/([a-z0-9-]+)\/(.+)$/.exec(name)?.[3];
    const repository = repositoryNamed(call, { repositoryName: signless ?? name });
    switch (action) {
      case 'BatchGetImage':
        return readManifest(repository, reference);
      case 'PutImage':
        return writeManifest(call, repository, reference, request);
      case 'ListImages':
        return answer(200, {}, { name, tags: [...repository.tagged.keys()] });
      case 'InitiateLayerUpload':
        return beginUpload(call, repository, request);
      case 'UploadLayerPart':
        return patchUpload(call, repository, reference, request);
      case 'CompleteLayerUpload':
        return endUpload(call, repository, reference, request);
      default:
        return readLayer(call, repository, reference, request.method === 'HEAD' || signless !== undefined);
    }
  },
  failure,
};

/** A document is sent as JSON, bytes as they are. */
function answer(status: number, headers: Record<string, string> = {}, body?: object | Buffer): Answer {
  const bytes = body instanceof Buffer ? body : Buffer.from(body ? JSON.stringify(body) : '');
  return {
    status,
    headers: {
      'docker-distribution-api-version': 'registry/2.0',
      ...(body && !(body instanceof Buffer) && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: bytes,
  };
}

/** The API's errors in the registry's words. */
const CODES: Readonly<Record<string, [code: string, status: number]>> = {
  RepositoryNotFoundException: ['NAME_UNKNOWN', 404],
  ImageNotFoundException: ['MANIFEST_UNKNOWN', 404],
  ImageTagAlreadyExistsException: ['TAG_INVALID', 400],
  LayersNotFoundException: ['MANIFEST_BLOB_UNKNOWN', 404],
  ReferencedImagesNotFoundException: ['MANIFEST_BLOB_UNKNOWN', 404],
  InvalidParameterException: ['MANIFEST_INVALID', 400],
  ImageDigestDoesNotMatchException: ['DIGEST_INVALID', 400],
  InvalidLayerException: ['BLOB_UPLOAD_INVALID', 400],
  UploadNotFoundException: ['BLOB_UPLOAD_UNKNOWN', 404],
  AccessDeniedException: ['DENIED', 403],
  ThrottlingException: ['TOOMANYREQUESTS', 429],
};

function failure(error: AwsError): Answer {
  const [code, status] = CODES[error.code] ?? [error.code, error.status];
  return answer(status, error.headers, { errors: [{ code, message: error.message }] });
}

function readManifest(repository: Repository, reference: string): Answer {
  const digest = reference.includes(':') ? reference : repository.tagged.get(reference);
  const image = repository.images.get(digest ?? '');
  if (!image) throw ecrError('ImageNotFoundException', 'Requested image not found');
  const bytes = Buffer.from(image.manifest);
  const headers = {
    'content-type': image.mediaType,
    'docker-content-digest': image.digest,
    'content-length': String(bytes.length),
  };
  return answer(200, headers, bytes);
}

function writeManifest(call: EcrCall, repository: Repository, reference: string, request: Request): Answer {
  const isDigest = reference.includes(':');
  // ECR refuses a tag that is there even when the image is the same (containers-roadmap issue 2380).
  if (!isDigest && repository.tagged.has(reference) && isImmutable(repository, reference)) {
    throw ecrError('ImageTagAlreadyExistsException', immutableMessage(repository, reference));
  }
  const manifest = request.body.toString();
  const given = {
    manifest,
    mediaType: request.headers['content-type'],
    ...(isDigest ? { digest: reference } : { tag: reference }),
  };
  let digest: string | undefined;
  try {
    digest = putImage(call, repository, given).digest;
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'ImageAlreadyExistsException') throw error;
    digest = isDigest ? reference : repository.tagged.get(reference);
  }
  return answer(201, {
    location: `${call.origin}/v2/${repository.name}/manifests/${digest}`,
    'docker-content-digest': digest ?? '',
  });
}

function uploadAnswer(call: EcrCall, { name }: Repository, id: string, status: number, end: number): Answer {
  return answer(status, {
    location: `${call.origin}/v2/${name}/blobs/uploads/${id}`,
    'docker-upload-uuid': id,
    range: `0-${Math.max(0, end - 1)}`,
  });
}

function beginUpload(call: EcrCall, repository: Repository, request: Request): Answer {
  const digest = request.query.get('mount');
  const from = request.query.get('from');
  const bytes = digest && from ? mountable(call, from, digest) : undefined;
  if (!digest || !bytes) return uploadAnswer(call, repository, startUpload(call, repository), 202, 0);
  repository.layers.set(digest, bytes);
  return layerCreated(call, repository, digest);
}

/** A layer of another repository: only where mounting is on, and only what one of its images uses (containers-roadmap issue 2860). */
function mountable(call: EcrCall, from: string, digest: string): Buffer | undefined {
  const source = call.state.repositories.get(from);
  const isOn = call.state.settings.get('BLOB_MOUNTING') === 'ENABLED';
  if (!source || !isOn) return undefined;
  if (call.world.permits(call.principal, 'ecr:GetDownloadUrlForLayer', source.arn) !== true) return undefined;
  const isUsed = [...source.images.values()].some(({ manifest }) => {
    const { config, layers = [] } = JSON.parse(manifest) as Manifest;
    return [config, ...layers].some((each) => each?.digest === digest);
  });
  return isUsed ? source.layers.get(digest) : undefined;
}

function patchUpload(call: EcrCall, repository: Repository, id: string, request: Request): Answer {
  const upload = uploadOf(call, repository, id);
  const start = /^(\d+)-\d+$/.exec(request.headers['content-range'] ?? '')?.[1];
  if (start !== undefined && Number(start) !== upload.received) {
    throw new AwsError('BLOB_UPLOAD_INVALID', `The chunk must start at byte ${upload.received}`, {
      status: 416,
    });
  }
  addPart(upload, request.body);
  // ECR says 201 where the specification wants 202, and its Range stays at the first chunk (containers-roadmap issue 2831).
  return uploadAnswer(call, repository, id, 201, upload.parts[0]?.length ?? 0);
}

function endUpload(call: EcrCall, repository: Repository, id: string, request: Request): Answer {
  const upload = uploadOf(call, repository, id);
  const digest = request.query.get('digest');
  if (!digest) throw new AwsError('DIGEST_INVALID', 'The digest is missing', { status: 400 });
  if (request.body.length > 0) addPart(upload, request.body);
  completeUpload(repository, id, upload, digest);
  return layerCreated(call, repository, digest);
}

function layerCreated(call: EcrCall, { name }: Repository, digest: string): Answer {
  return answer(201, {
    location: `${call.origin}/v2/${name}/blobs/${digest}`,
    'docker-content-digest': digest,
  });
}

/** HEAD says whether; GET sends on to where the bytes are, which asks for no authorization. */
function readLayer(call: EcrCall, repository: Repository, digest: string, isDirect: boolean): Answer {
  const bytes = repository.layers.get(digest);
  if (!bytes) throw new AwsError('BLOB_UNKNOWN', 'The layer is not there', { status: 404 });
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'content-length': String(bytes.length),
  };
  if (isDirect) return answer(200, headers, bytes);
  return answer(307, { location: call.origin + downloadPath(repository, digest) });
}
