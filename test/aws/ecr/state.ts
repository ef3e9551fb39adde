import { AwsError } from '../kernel/errors.ts';
import type { Call } from '../kernel/operation.ts';
import type { Principal } from '../kernel/principals.ts';
import { list, need, str, struct } from '../kernel/shape.ts';

/** A manifest, or an index of manifests, as it was pushed. */
export interface Image {
  digest: string;
  manifest: string;
  mediaType: string;
  /** Media type of the configuration: what kind of artifact it is. */
  artifactType: string | undefined;
  /** Bytes of configuration and layers; 0 for an index. */
  size: number;
  pushed: Date;
}

/** A layer on its way in. */
export interface Upload {
  parts: Buffer[];
  received: number;
}

export interface Repository {
  name: string;
  arn: string;
  account: string;
  region: string;
  created: Date;
  mutability: Mutability;
  /** Patterns of tags to which the opposite of `mutability` applies. */
  exclusions: string[];
  scanOnPush: boolean;
  encryption: { encryptionType: string; kmsKey?: string | undefined };
  tags: Map<string, string>;
  policy: string | undefined;
  lifecycle: string | undefined;
  /** By digest. */
  images: Map<string, Image>;
  /** Digests by tag. */
  tagged: Map<string, string>;
  /** Bytes of layers and configurations by digest. */
  layers: Map<string, Buffer>;
  _uploads: Map<string, Upload>;
}

export const MUTABILITY = [
  'MUTABLE',
  'IMMUTABLE',
  'IMMUTABLE_WITH_EXCLUSION',
  'MUTABLE_WITH_EXCLUSION',
] as const;
type Mutability = (typeof MUTABILITY)[number];

/** What a password of the registry stands for. */
export interface Token {
  principal: Principal;
  account: string;
  region: string;
  expires: Date;
}

export interface EcrState {
  repositories: Map<string, Repository>;
  /** Account settings that are not the default. */
  settings: Map<string, string>;
  /** By password. */
  _tokens: Map<string, Token>;
}

export type EcrCall = Call<EcrState>;

export const registryId = str({ pattern: /^[0-9]{12}$/ });
const namePattern = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
export const name = str({ min: 2, max: 256, pattern: namePattern });
/** The members that nearly every operation on a repository has. */
export const onRepository = { registryId, repositoryName: need(name) };
export const imageIds = list(struct({ imageDigest: str(), imageTag: str({ min: 1, max: 300 }) }), {
  min: 1,
  max: 100,
});
export const about = {
  resource: ({ repositoryName }: { repositoryName: string }, call: EcrCall) => arnOf(call, repositoryName),
};

export function arnOf(call: { region: string; account: string }, repository: string): string {
  return `arn:aws:ecr:${call.region}:${call.account}:repository/${repository}`;
}

export function ecrError(code: string, message: string): AwsError {
  return new AwsError(code, message);
}

/** The repository; in another registry there is none that this caller could see. */
export function repositoryNamed(
  call: Pick<EcrCall, 'state' | 'account'>,
  given: { repositoryName: string; registryId?: string | undefined },
): Repository {
  const { repositoryName, registryId: registry = call.account } = given;
  const found = registry === call.account ? call.state.repositories.get(repositoryName) : undefined;
  if (!found) {
    throw ecrError(
      'RepositoryNotFoundException',
      `The repository with name '${repositoryName}' does not exist in the registry with id '${registry}'`,
    );
  }
  return found;
}

export function tagsOf(repository: Repository, digest: string): string[] {
  return [...repository.tagged].filter(([, each]) => each === digest).map(([tag]) => tag);
}
