import { operations } from '../kernel/operation.ts';
import { blob, int, list, need, str, struct } from '../kernel/shape.ts';
import { digestOf } from './put-image.ts';
import {
  about,
  type EcrCall,
  type EcrState,
  ecrError,
  onRepository,
  type Repository,
  repositoryNamed,
  type Upload,
} from './state.ts';

const op = operations<EcrState>();
const uploadId = need(str({ pattern: /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/ }));
const digest = str({ pattern: /^[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+$/ });
/** Bytes of a part: what ECR proposes, and the least of every part but the last. */
const PART = 20_971_520;
const LEAST = 5_242_880;

export function startUpload(call: Pick<EcrCall, 'world'>, repository: Repository): string {
  const id = call.world.ids.uuid();
  repository._uploads.set(id, { parts: [], received: 0 });
  return id;
}

export function uploadOf(call: Pick<EcrCall, 'account'>, repository: Repository, id: string): Upload {
  const upload = repository._uploads.get(id);
  if (!upload) {
    throw ecrError(
      'UploadNotFoundException',
      `Upload with ID '${id}' could not be found in the repository with name '${repository.name}' in the registry with id '${call.account}'`,
    );
  }
  return upload;
}

export function addPart(upload: Upload, part: Buffer): void {
  upload.parts.push(part);
  upload.received += part.length;
}

/** Makes a layer of what was uploaded, if it is what the digest says. */
export function completeUpload(repository: Repository, id: string, upload: Upload, wanted: string): void {
  const bytes = Buffer.concat(upload.parts);
  const actual = digestOf(bytes);
  if (actual !== wanted) {
    throw ecrError(
      'InvalidLayerException',
      `None of the provided layer digests match the calculated layer digest ${actual}`,
    );
  }
  repository._uploads.delete(id);
  repository.layers.set(wanted, bytes);
}

/** Where a layer's bytes are, without a signature: ECR hands out an address of its own bucket. */
export function downloadPath({ account, region, name }: Repository, layer: string): string {
  return `/v2/-/${account}/${region}/${name}/blobs/${layer}`;
}

export const layerOperations = [
  op(
    'BatchCheckLayerAvailability',
    'Read',
    struct({ ...onRepository, layerDigests: need(list(str({ max: 1000 }), { min: 1, max: 100 })) }),
    (call, input) => {
      const { layers } = repositoryNamed(call, input);
      return {
        layers: input.layerDigests.map((layerDigest) => {
          const size = layers.get(layerDigest)?.length;
          return size === undefined
            ? { layerDigest, layerAvailability: 'UNAVAILABLE' }
            : { layerDigest, layerAvailability: 'AVAILABLE', layerSize: size };
        }),
        failures: [],
      };
    },
    about,
  ),
  op(
    'InitiateLayerUpload',
    'Write',
    struct(onRepository),
    (call, input) => ({ uploadId: startUpload(call, repositoryNamed(call, input)), partSize: PART }),
    about,
  ),
  op(
    'UploadLayerPart',
    'Write',
    struct({
      ...onRepository,
      uploadId,
      partFirstByte: need(int(0)),
      partLastByte: need(int(0)),
      layerPartBlob: need(blob()),
    }),
    (call, input) => {
      const repository = repositoryNamed(call, input);
      const upload = uploadOf(call, repository, input.uploadId);
      const { layerPartBlob: part, partFirstByte: first, partLastByte: last } = input;
      if (first !== upload.received || last - first + 1 !== part.length) {
        throw ecrError('InvalidLayerPartException', `The part does not start at byte ${upload.received}`);
      }
      addPart(upload, part);
      return {
        registryId: call.account,
        repositoryName: repository.name,
        uploadId: input.uploadId,
        lastByteReceived: last,
      };
    },
    about,
  ),
  op(
    'CompleteLayerUpload',
    'Write',
    struct({ ...onRepository, uploadId, layerDigests: need(list(digest, { min: 1, max: 100 })) }),
    (call, input) => {
      const repository = repositoryNamed(call, input);
      const upload = uploadOf(call, repository, input.uploadId);
      if (upload.received === 0) throw ecrError('EmptyUploadException', 'The upload has no parts');
      if (upload.parts.slice(0, -1).some((part) => part.length < LEAST)) {
        throw ecrError('LayerPartTooSmallException', 'Layer parts must be at least 5 MiB in size');
      }
      const [wanted = ''] = input.layerDigests;
      if (repository.layers.has(wanted)) {
        throw ecrError('LayerAlreadyExistsException', `Layer with digest '${wanted}' already exists`);
      }
      completeUpload(repository, input.uploadId, upload, wanted);
      return {
        registryId: call.account,
        repositoryName: repository.name,
        uploadId: input.uploadId,
        layerDigest: wanted,
      };
    },
    about,
  ),
  op(
    'GetDownloadUrlForLayer',
    'Read',
    struct({ ...onRepository, layerDigest: need(digest) }),
    (call, input) => {
      const repository = repositoryNamed(call, input);
      if (!repository.layers.has(input.layerDigest)) {
        throw ecrError('LayersNotFoundException', `Layer with digest '${input.layerDigest}' does not exist`);
      }
      return {
        downloadUrl: call.origin + downloadPath(repository, input.layerDigest),
        layerDigest: input.layerDigest,
      };
    },
    about,
  ),
];
