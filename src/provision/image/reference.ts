import { RekbackError } from '../../runtime/errors.ts';

/** An image in some registry: `REGISTRY/NAME:TAG`, `REGISTRY/NAME@DIGEST`, or both. */
export interface ImageReference {
  /** Host, and port where one is named. */
  registry: string;
  name: string;
  tag?: string;
  /** `sha256:…` */
  digest?: string;
}

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests */
const REFERENCE =
  /^(?:([^/]*[.:][^/]*|localhost)\/)?([a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::(\w[\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/;

/** Where Docker looks for names without a registry. */
const DOCKER_HUB = 'registry-1.docker.io';

/**
 * Reads it as Docker does: without a registry it is Docker Hub's, without a tag and digest `latest`.
 *
 * @throws RekbackError `bad-base-image`, exit 2
 */
export function parseReference(text: string): ImageReference {
  const [, registry = 'docker.io', path = '', tag, digest] = REFERENCE.exec(text) ?? [];
  if (path === '') {
    throw new RekbackError('bad-base-image', `'${text}' is no name of a container image`, {
      exitCode: 2,
      suggestions: [
        'name it like this: --base-image registry.example.com/node:24-slim, or with @sha256:… at its end',
      ],
    });
  }
  const isHub = registry === 'docker.io';
  return {
    registry: isHub ? DOCKER_HUB : registry,
    name: isHub && !path.includes('/') ? `library/${path}` : path,
    ...(digest === undefined ? { tag: tag ?? 'latest' } : { digest, ...(tag !== undefined && { tag }) }),
  };
}
