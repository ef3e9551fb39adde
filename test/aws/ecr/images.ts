import { operations } from '../kernel/operation.ts';
import { int, list, need, str, struct } from '../kernel/shape.ts';
import { isIndex, type Manifest, putImage } from './put-image.ts';
import {
  about,
  type EcrCall,
  type EcrState,
  ecrError,
  type Image,
  imageIds,
  onRepository,
  type Repository,
  repositoryNamed,
  tagsOf,
} from './state.ts';

const op = operations<EcrState>();
const filter = struct({ tagStatus: str({ oneOf: ['TAGGED', 'UNTAGGED', 'ANY'] }) });
const paging = { nextToken: str(), maxResults: int(1, 1000) };

interface ImageId {
  imageDigest?: string | undefined;
  imageTag?: string | undefined;
}

/** The image that an id names, or why there is none. */
function find(repository: Repository, id: ImageId): Image | { code: string; reason: string } {
  const { imageDigest, imageTag } = id;
  if (imageDigest === undefined && imageTag === undefined) {
    return {
      code: 'MissingDigestAndTag',
      reason: 'Invalid request parameters: both tag and digest cannot be null',
    };
  }
  if (imageDigest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(imageDigest)) {
    return {
      code: 'InvalidImageDigest',
      reason:
        "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
    };
  }
  const byTag = imageTag === undefined ? undefined : repository.tagged.get(imageTag);
  const image = repository.images.get(imageDigest ?? byTag ?? '');
  if (!image || (imageTag !== undefined && byTag === undefined)) {
    return { code: 'ImageNotFound', reason: 'Requested image not found' };
  }
  if (byTag !== undefined && byTag !== image.digest) {
    return { code: 'ImageTagDoesNotMatchDigest', reason: 'Requested image digest does not match its tag' };
  }
  return image;
}

function isFailure(found: ReturnType<typeof find>): found is { code: string; reason: string } {
  return 'code' in found;
}

function failure(imageId: ImageId, { code, reason }: { code: string; reason: string }) {
  return { imageId, failureCode: code, failureReason: reason };
}

function describe(repository: Repository, image: Image) {
  const tags = tagsOf(repository, image.digest);
  return {
    registryId: repository.account,
    repositoryName: repository.name,
    imageDigest: image.digest,
    ...(tags.length > 0 && { imageTags: tags }),
    ...(!isIndex(image) && { imageSizeInBytes: image.size }),
    imagePushedAt: image.pushed,
    imageManifestMediaType: image.mediaType,
    ...(image.artifactType !== undefined && { artifactMediaType: image.artifactType }),
  };
}

function fits(repository: Repository, image: Image, status = 'ANY'): boolean {
  const isTagged = tagsOf(repository, image.digest).length > 0;
  return status === 'ANY' || (status === 'TAGGED') === isTagged;
}

function paged<T>(
  all: readonly T[],
  { nextToken = '0', maxResults = 100 }: { nextToken?: string | undefined; maxResults?: number | undefined },
) {
  const end = Number(nextToken) + maxResults;
  return { page: all.slice(Number(nextToken), end), ...(all.length > end && { nextToken: String(end) }) };
}

function parents(repository: Repository, digest: string): string[] {
  return [...repository.images.values()]
    .filter(isIndex)
    .filter(({ manifest }) =>
      (JSON.parse(manifest) as Manifest).manifests?.some((each) => each.digest === digest),
    )
    .map((each) => each.digest);
}

/** Takes a tag away, or the image with all its tags; what was taken, or why not. */
function remove(repository: Repository, id: ImageId) {
  const image = find(repository, id);
  if (isFailure(image)) return image;
  const tags = tagsOf(repository, image.digest);
  const isLast = id.imageDigest !== undefined || tags.length === 1;
  const above = isLast ? parents(repository, image.digest) : [];
  if (above.length > 0) {
    const reason = `Requested image referenced by manifest list: [${above.join(', ')}]`;
    return { code: 'ImageReferencedByManifestList', reason };
  }
  const gone = tags.filter((tag) => id.imageDigest !== undefined || tag === id.imageTag);
  for (const tag of gone) repository.tagged.delete(tag);
  if (isLast) repository.images.delete(image.digest);
  const { digest: imageDigest } = image;
  return gone.length > 0 ? gone.map((imageTag) => ({ imageDigest, imageTag })) : [{ imageDigest }];
}

function notFound(call: EcrCall, { name }: Repository, { imageDigest, imageTag }: ImageId) {
  return ecrError(
    'ImageNotFoundException',
    `The image with imageId {imageDigest:'${imageDigest ?? null}', imageTag:'${imageTag ?? null}'} does not exist within the repository with name '${name}' in the registry with id '${call.account}'`,
  );
}

export const imageOperations = [
  op(
    'PutImage',
    'Write',
    struct({
      ...onRepository,
      imageManifest: need(str({ min: 1, max: 4_194_304 })),
      imageManifestMediaType: str(),
      imageTag: str({ min: 1, max: 300 }),
      imageDigest: str(),
    }),
    (call, input) => {
      const repository = repositoryNamed(call, input);
      const image = putImage(call, repository, {
        manifest: input.imageManifest,
        mediaType: input.imageManifestMediaType,
        tag: input.imageTag,
        digest: input.imageDigest,
      });
      return {
        image: {
          registryId: call.account,
          repositoryName: repository.name,
          imageId: {
            imageDigest: image.digest,
            ...(input.imageTag !== undefined && { imageTag: input.imageTag }),
          },
          imageManifest: image.manifest,
          imageManifestMediaType: image.mediaType,
        },
      };
    },
    about,
  ),
  op(
    'DescribeImages',
    'Read',
    struct({ ...onRepository, imageIds, ...paging, filter }),
    (call, input) => {
      const repository = repositoryNamed(call, input);
      if (input.imageIds) {
        const found = input.imageIds.map((id) => {
          const image = find(repository, id);
          if (isFailure(image)) throw notFound(call, repository, id);
          return image;
        });
        return { imageDetails: [...new Set(found)].map((image) => describe(repository, image)) };
      }
      const all = [...repository.images.values()].filter((image) =>
        fits(repository, image, input.filter?.tagStatus),
      );
      const { page, ...next } = paged(all, input);
      return { imageDetails: page.map((image) => describe(repository, image)), ...next };
    },
    about,
  ),
  op(
    'ListImages',
    'List',
    struct({ ...onRepository, ...paging, filter }),
    (call, input) => {
      const repository = repositoryNamed(call, input);
      const all = [...repository.images.values()]
        .filter((image) => fits(repository, image, input.filter?.tagStatus))
        .flatMap(({ digest: imageDigest }) => {
          const tags = tagsOf(repository, imageDigest);
          return tags.length > 0 ? tags.map((imageTag) => ({ imageDigest, imageTag })) : [{ imageDigest }];
        });
      const { page, ...next } = paged(all, input);
      return { imageIds: page, ...next };
    },
    about,
  ),
  op(
    'BatchGetImage',
    'Read',
    struct({
      ...onRepository,
      imageIds: need(imageIds),
      acceptedMediaTypes: list(str(), { min: 1, max: 100 }),
    }),
    (call, input) => {
      const repository = repositoryNamed(call, input);
      const found = input.imageIds.map((id) => ({ id, image: find(repository, id) }));
      return {
        images: found.flatMap(({ id, image }) =>
          isFailure(image)
            ? []
            : [
                {
                  registryId: call.account,
                  repositoryName: repository.name,
                  imageId: { ...id, imageDigest: image.digest },
                  imageManifest: image.manifest,
                  imageManifestMediaType: image.mediaType,
                },
              ],
        ),
        failures: found.flatMap(({ id, image }) => (isFailure(image) ? [failure(id, image)] : [])),
      };
    },
    about,
  ),
  op(
    'BatchDeleteImage',
    'Write',
    struct({ ...onRepository, imageIds: need(imageIds) }),
    (call, input) => {
      const repository = repositoryNamed(call, input);
      const done = input.imageIds.map((id) => ({ id, outcome: remove(repository, id) }));
      return {
        imageIds: done.flatMap(({ outcome }) => (Array.isArray(outcome) ? outcome : [])),
        failures: done.flatMap(({ id, outcome }) => (Array.isArray(outcome) ? [] : [failure(id, outcome)])),
      };
    },
    about,
  ),
];
