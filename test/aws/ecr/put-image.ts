import { createHash } from 'node:crypto';
import { like } from '../kernel/policy.ts';
import { type EcrCall, ecrError, type Image, type Repository } from './state.ts';

const MANIFESTS = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
const INDEXES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

export interface Descriptor {
  mediaType?: string;
  digest?: string;
  size?: number;
}
export interface Manifest {
  schemaVersion?: number;
  mediaType?: string;
  config?: Descriptor;
  layers?: Descriptor[];
  manifests?: Descriptor[];
}

export function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function isIndex(image: Pick<Image, 'mediaType'>): boolean {
  return INDEXES.includes(image.mediaType);
}

export function isImmutable({ mutability, exclusions }: Repository, tag: string): boolean {
  const isExcluded = exclusions.some((pattern) => like(pattern, tag));
  return mutability.startsWith('IMMUTABLE') !== isExcluded;
}

/** Checks a manifest as ECR does and stores it; throws the API's errors. */
export function putImage(
  call: Pick<EcrCall, 'now' | 'account'>,
  repository: Repository,
  given: {
    manifest: string;
    mediaType?: string | undefined;
    tag?: string | undefined;
    digest?: string | undefined;
  },
): Image {
  const manifest = parse(given.manifest);
  const mediaType = given.mediaType ?? manifest.mediaType ?? '';
  if (![...MANIFESTS, ...INDEXES].includes(mediaType)) {
    throw unusable(`media type '${mediaType}' is not supported`);
  }
  if (manifest.mediaType !== undefined && manifest.mediaType !== mediaType) {
    throw unusable(`media type '${mediaType}' is not the manifest's own, '${manifest.mediaType}'`);
  }
  const digest = digestOf(given.manifest);
  if (given.digest !== undefined && given.digest !== digest) {
    throw ecrError(
      'ImageDigestDoesNotMatchException',
      `The specified digest '${given.digest}' does not match the calculated digest '${digest}'`,
    );
  }
  const size = INDEXES.includes(mediaType)
    ? checkReferences(repository, manifest)
    : checkLayers(repository, manifest);
  checkTag(call, repository, digest, given.tag);
  const artifactType = manifest.config?.mediaType;
  const image = repository.images.get(digest) ?? {
    digest,
    manifest: given.manifest,
    mediaType,
    artifactType,
    size,
    pushed: call.now(),
  };
  repository.images.set(digest, image);
  if (given.tag !== undefined) repository.tagged.set(given.tag, digest);
  return image;
}

function unusable(reason: string) {
  return ecrError(
    'InvalidParameterException',
    `Invalid parameter at 'ImageManifest' failed to satisfy constraint: '${reason}'`,
  );
}

function parse(text: string): Manifest {
  try {
    const manifest = JSON.parse(text) as Manifest;
    if (manifest?.schemaVersion === 2) return manifest;
  } catch {
    throw unusable('Invalid JSON syntax');
  }
  throw unusable('schemaVersion must be 2');
}

/** Every layer must have been uploaded; gives the sum of their sizes. */
function checkLayers(repository: Repository, { config, layers }: Manifest): number {
  if (!config || !Array.isArray(layers)) throw unusable('config and layers are required');
  const missing = [config, ...layers].filter(({ digest }) => !repository.layers.has(digest ?? ''));
  if (missing.length > 0) {
    throw ecrError(
      'LayersNotFoundException',
      `The following layers with digests '[${missing.map((each) => each.digest).join(', ')}]' do not exist in the repository with name '${repository.name}'`,
    );
  }
  const wrong = [config, ...layers].find(
    ({ digest, size }) => repository.layers.get(digest ?? '')?.length !== size,
  );
  if (wrong) throw unusable(`size of ${wrong.digest} is not ${wrong.size}`);
  return [config, ...layers].reduce((sum, { size = 0 }) => sum + size, 0);
}

function checkReferences(repository: Repository, { manifests }: Manifest): number {
  if (!Array.isArray(manifests)) throw unusable('manifests are required');
  const missing = manifests.filter(({ digest }) => !repository.images.has(digest ?? ''));
  if (missing.length > 0) {
    throw ecrError(
      'ReferencedImagesNotFoundException',
      `The images with digests '[${missing.map((each) => each.digest).join(', ')}]' required for pushing image into repository with name '${repository.name}' do not exist`,
    );
  }
  return 0;
}

function checkTag(
  call: Pick<EcrCall, 'account'>,
  repository: Repository,
  digest: string,
  tag: string | undefined,
): void {
  const { name, tagged, images } = repository;
  const isSame = tag === undefined ? images.has(digest) : tagged.get(tag) === digest;
  if (isSame) {
    throw ecrError(
      'ImageAlreadyExistsException',
      `Image with digest '${digest}' and tag '${tag ?? null}' already exists in the repository with name '${name}' in registry with id '${call.account}'`,
    );
  }
  if (tag !== undefined && tagged.has(tag) && isImmutable(repository, tag)) {
    throw ecrError('ImageTagAlreadyExistsException', immutableMessage(repository, tag));
  }
}

export function immutableMessage({ name }: Repository, tag: string): string {
  return `The image tag '${tag}' already exists in the '${name}' repository and cannot be overwritten because the tag is immutable.`;
}
