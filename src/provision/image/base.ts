import { buffer } from 'node:stream/consumers';
import { messageOf, RekbackError } from '../../runtime/errors.ts';
import { type Descriptor, type Document, digestOf, type Platform } from './descriptor.ts';
import { type ImageReference, parseReference } from './reference.ts';
import type { RemoteRepository } from './registry.ts';

/**
 * Node's official image on Debian with little else, for both processors. The smaller one is on Alpine, with whose C
 * library Node is "experimental" (its BUILDING.md). In Amazon's public registry it is read without a login and without
 * Docker Hub's limit of pulls.
 */
export const BASE_IMAGE = 'public.ecr.aws/docker/library/node:24-slim';

/** Batch on Fargate runs the jobs on the first; the second is for whoever chooses otherwise. */
export const PLATFORMS: readonly Platform[] = [
  { os: 'linux', architecture: 'arm64' },
  { os: 'linux', architecture: 'amd64' },
];

/** What we use of https://github.com/opencontainers/image-spec/blob/main/config.md; the rest is passed on. */
export interface ImageConfig {
  created?: string;
  config?: { Env?: readonly string[]; Labels?: Readonly<Record<string, string>> };
  rootfs: { type: 'layers'; diff_ids: readonly string[] };
  history?: readonly object[];
}

/** What a base image is for one platform. */
export interface BasePlatform {
  platform: Platform;
  layers: readonly Descriptor[];
  config: ImageConfig;
}

export interface BaseImage {
  /** Where its layers are. */
  repository: RemoteRepository;
  /** With its digest: `registry.example/node@sha256:…`. */
  pinned: string;
  platforms: readonly BasePlatform[];
}

/** https://github.com/opencontainers/image-spec/blob/main/media-types.md#compatibility-matrix */
const OCI_LAYERS: Readonly<Record<string, string>> = {
  'application/vnd.docker.image.rootfs.diff.tar': 'application/vnd.oci.image.layer.v1.tar',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'application/vnd.oci.image.layer.v1.tar+zstd',
};

/**
 * Reads what a base image is made of, not what is in it: some kilobytes.
 *
 * @param text - as a person names it
 * @throws RekbackError `bad-base-image`, `base-image-unreachable`, `base-image-platform`
 */
export async function readBase(
  text: string,
  open: (reference: ImageReference) => Promise<RemoteRepository>,
): Promise<BaseImage> {
  const reference = parseReference(text);
  const repository = await open(reference);
  try {
    const index = await repository.readManifest(reference.digest ?? reference.tag ?? 'latest');
    const platforms = await Promise.all(
      PLATFORMS.map((platform) => readPlatform(repository, text, index, platform)),
    );
    return {
      repository,
      pinned: `${text.replace(/@.*/, '').replace(/:[^:/]*$/, '')}@${index.digest}`,
      platforms,
    };
  } catch (error) {
    if (error instanceof RekbackError) throw error;
    throw unreachable(text, error);
  }
}

async function readPlatform(
  repository: RemoteRepository,
  text: string,
  index: Document,
  wanted: Platform,
): Promise<BasePlatform> {
  const { manifests = [] } = parse<{ manifests?: Descriptor[] }>(index);
  const found = manifests.find(
    ({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture,
  );
  if (found?.platform === undefined) throw platformMissing(text, wanted);
  const manifest = await repository.readManifest(found.digest);
  const { config, layers } = parse<{ config: Descriptor; layers: Descriptor[] }>(manifest);
  const bytes = await buffer(await repository.openBlob(config));
  if (digestOf(bytes) !== config.digest) throw new Error(`its configuration is not ${config.digest}`);
  return {
    platform: found.platform,
    config: parse<ImageConfig>({ bytes }),
    layers: layers.map(({ mediaType, digest, size }) => ({
      mediaType: OCI_LAYERS[mediaType] ?? mediaType,
      digest,
      size,
    })),
  };
}

const parse = <Content>({ bytes }: Pick<Document, 'bytes'>): Content =>
  JSON.parse(Buffer.from(bytes).toString());

const INSTEAD = [
  'name another one: --base-image REPOSITORY:TAG, for example a copy of it in your own ECR',
  'or an image that holds rekback already: --image-uri REPOSITORY@sha256:…',
];

const unreachable = (text: string, cause: unknown) =>
  new RekbackError('base-image-unreachable', `can't read the base image '${text}': ${messageOf(cause)}`, {
    cause,
    suggestions: INSTEAD,
  });

const platformMissing = (text: string, { os, architecture }: Platform) =>
  new RekbackError('base-image-platform', `the base image '${text}' is not for ${os}/${architecture}`, {
    exitCode: 2,
    suggestions: INSTEAD,
  });
