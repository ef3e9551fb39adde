import { operations } from '../kernel/operation.ts';
import { bool, int, list, need, str, struct, tag } from '../kernel/shape.ts';
import {
  about,
  arnOf,
  type EcrState,
  ecrError,
  MUTABILITY,
  name,
  onRepository,
  type Repository,
  registryId,
  repositoryNamed,
} from './state.ts';

const op = operations<EcrState>();
const imageTagMutability = str({ oneOf: MUTABILITY });
const imageTagMutabilityExclusionFilters = list(
  struct({
    filterType: need(str({ oneOf: ['WILDCARD'] })),
    filter: need(str({ min: 1, max: 128, pattern: /^[0-9a-zA-Z._*-]{1,128}$/ })),
  }),
  { min: 1, max: 5 },
);
const imageScanningConfiguration = struct({ scanOnPush: bool() });

interface Mutable {
  imageTagMutability?: Repository['mutability'] | undefined;
  imageTagMutabilityExclusionFilters?: { filter: string }[] | undefined;
}

/** Filters belong to the two settings that are named for them, and those need some. */
function mutabilityOf(given: Mutable): Pick<Repository, 'mutability' | 'exclusions'> {
  const mutability = given.imageTagMutability ?? 'MUTABLE';
  const exclusions = (given.imageTagMutabilityExclusionFilters ?? []).map(({ filter }) => filter);
  if (mutability.endsWith('_WITH_EXCLUSION') !== exclusions.length > 0) {
    throw ecrError(
      'InvalidParameterException',
      "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: filters go with the settings WITH_EXCLUSION, and only with them",
    );
  }
  return { mutability, exclusions };
}

function describe(repository: Repository) {
  return {
    repositoryArn: repository.arn,
    registryId: repository.account,
    repositoryName: repository.name,
    repositoryUri: `${repository.account}.dkr.ecr.${repository.region}.amazonaws.com/${repository.name}`,
    createdAt: repository.created,
    ...describeMutability(repository),
    imageScanningConfiguration: { scanOnPush: repository.scanOnPush },
    encryptionConfiguration: repository.encryption,
  };
}

function describeMutability({ mutability, exclusions }: Repository) {
  return {
    imageTagMutability: mutability,
    ...(exclusions.length > 0 && {
      imageTagMutabilityExclusionFilters: exclusions.map((filter) => ({ filterType: 'WILDCARD', filter })),
    }),
  };
}

export const repositoryOperations = [
  op(
    'CreateRepository',
    'Write',
    struct({
      ...onRepository,
      tags: list(tag(), { max: 50 }),
      imageTagMutability,
      imageTagMutabilityExclusionFilters,
      imageScanningConfiguration,
      encryptionConfiguration: struct({
        encryptionType: need(str({ oneOf: ['AES256', 'KMS', 'KMS_DSSE'] })),
        kmsKey: str({ min: 1, max: 2048 }),
      }),
    }),
    (call, input) => {
      const { repositoryName, tags = [], encryptionConfiguration: encryption } = input;
      if (call.state.repositories.has(repositoryName)) {
        throw ecrError(
          'RepositoryAlreadyExistsException',
          `The repository with name '${repositoryName}' already exists in the registry with id '${call.account}'`,
        );
      }
      const isKms = encryption !== undefined && encryption.encryptionType !== 'AES256';
      if (encryption?.kmsKey !== undefined && !isKms) {
        throw ecrError('InvalidParameterException', 'A KMS key goes with KMS encryption only');
      }
      const key = encryption?.kmsKey ?? `arn:aws:kms:${call.region}:${call.account}:alias/aws/ecr`;
      const repository: Repository = {
        name: repositoryName,
        arn: arnOf(call, repositoryName),
        account: call.account,
        region: call.region,
        created: call.now(),
        ...mutabilityOf(input),
        scanOnPush: input.imageScanningConfiguration?.scanOnPush ?? false,
        encryption: {
          encryptionType: encryption?.encryptionType ?? 'AES256',
          ...(isKms && { kmsKey: key }),
        },
        tags: new Map(tags.map(({ Key, Value }) => [Key, Value])),
        policy: undefined,
        lifecycle: undefined,
        images: new Map(),
        tagged: new Map(),
        layers: new Map(),
        _uploads: new Map(),
      };
      call.state.repositories.set(repositoryName, repository);
      return { repository: describe(repository) };
    },
    about,
  ),
  op(
    'DescribeRepositories',
    'Read',
    struct({
      registryId,
      repositoryNames: list(name, { min: 1, max: 100 }),
      nextToken: str(),
      maxResults: int(1, 1000),
    }),
    (call, { registryId: registry, repositoryNames: names, nextToken = '', maxResults = 100 }) => {
      if (names) {
        const found = names.map((each) =>
          repositoryNamed(call, { repositoryName: each, registryId: registry }),
        );
        return { repositories: found.map(describe) };
      }
      const rest = [...call.state.repositories.values()]
        .filter((each) => each.name > nextToken)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const page = rest.slice(0, maxResults);
      return {
        repositories: page.map(describe),
        ...(rest.length > page.length && { nextToken: page.at(-1)?.name }),
      };
    },
  ),
  op(
    'DeleteRepository',
    'Write',
    struct({ ...onRepository, force: bool() }),
    (call, input) => {
      const repository = repositoryNamed(call, input);
      if (repository.images.size > 0 && !input.force) {
        throw ecrError(
          'RepositoryNotEmptyException',
          `The repository with name '${repository.name}' in registry with id '${call.account}' cannot be deleted because it still contains images`,
        );
      }
      call.state.repositories.delete(repository.name);
      return { repository: describe(repository) };
    },
    about,
  ),
  op(
    'PutImageScanningConfiguration',
    'Write',
    struct({ ...onRepository, imageScanningConfiguration: need(imageScanningConfiguration) }),
    (call, input) => {
      const repository = repositoryNamed(call, input);
      repository.scanOnPush = input.imageScanningConfiguration.scanOnPush ?? false;
      return {
        registryId: call.account,
        repositoryName: repository.name,
        imageScanningConfiguration: { scanOnPush: repository.scanOnPush },
      };
    },
    about,
  ),
  op(
    'PutImageTagMutability',
    'Write',
    struct({
      ...onRepository,
      imageTagMutability: need(imageTagMutability),
      imageTagMutabilityExclusionFilters,
    }),
    (call, input) => {
      const repository = Object.assign(repositoryNamed(call, input), mutabilityOf(input));
      return {
        registryId: call.account,
        repositoryName: repository.name,
        ...describeMutability(repository),
      };
    },
    about,
  ),
];
