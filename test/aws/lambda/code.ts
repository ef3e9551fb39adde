import { createHash } from 'node:crypto';
import { imageAt, letsPull } from '../ecr/reach.ts';
import type { Repository } from '../ecr/state.ts';
import { bucketNamed } from '../s3/reach.ts';
import type { GivenCode } from './shapes.ts';
import { type Code, invalidParameter, type LambdaCall, lambdaError } from './state.ts';

/** Zip as it is uploaded in a request, and the sum of its entries (Lambda quotas). */
const ZIPPED = 52_428_800;
const UNZIPPED = 262_144_000;

/** The code of a request; throws what Lambda answers to code that it cannot use. */
export function readCode(call: LambdaCall, packageType: 'Zip' | 'Image', given: GivenCode): Code {
  if (packageType === 'Image') return readImage(call, given);
  if (given.ImageUri !== undefined) {
    throw invalidParameter(
      'Please do not provide ImageUri when updating or creating a function with packageType Zip.',
    );
  }
  const sources = [given.ZipFile, given.S3Bucket].filter((each) => each !== undefined);
  if (sources.length !== 1) {
    throw invalidParameter('Please provide a source for function code.');
  }
  if (given.ZipFile && given.ZipFile.length > ZIPPED) {
    throw lambdaError(
      'RequestEntityTooLargeException',
      413,
      'Request must be smaller than 70167211 bytes for the CreateFunction operation',
    );
  }
  const zip = given.ZipFile ?? readObject(call, given);
  checkZip(zip);
  return {
    zip,
    imageUri: undefined,
    resolvedImageUri: undefined,
    sha256: createHash('sha256').update(zip).digest('base64'),
    size: zip.length,
  };
}

function readObject(call: LambdaCall, given: GivenCode): Buffer {
  const { S3Bucket: name = '', S3Key: key, S3ObjectVersion: version } = given;
  if (key === undefined) throw invalidParameter('Please provide a source for function code.');
  const failed = (code: string, message: string) =>
    invalidParameter(`Error occurred while GetObject. S3 Error Code: ${code}. S3 Error Message: ${message}`);
  const bucket = bucketNamed(call.world, name);
  if (!bucket) throw failed('NoSuchBucket', 'The specified bucket does not exist');
  if (call.world.permits(call.principal, 's3:GetObject', `${bucket.arn}/${key}`) !== true) {
    throw lambdaError(
      'AccessDeniedException',
      403,
      `Your access has been denied by S3, please make sure your request credentials have permission to GetObject for ${name}/${key}. S3 Error Code: AccessDenied. S3 Error Message: Access Denied`,
    );
  }
  if (bucket.region !== call.region) {
    throw failed(
      'PermanentRedirect',
      `The bucket is in this region: ${bucket.region}. Please use this region to retry the request`,
    );
  }
  const versions = bucket.objects.get(key) ?? [];
  const object =
    version === undefined ? versions.at(-1) : versions.find((each) => each.versionId === version);
  if (!object || object.deleteMarker) throw failed('NoSuchKey', 'The specified key does not exist.');
  return object.body;
}

/** Reads the central directory; refuses what is no zip, is empty or unpacks to too much. */
function checkZip(zip: Buffer): void {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || end + 22 > zip.length) {
    throw invalidParameter(
      'Could not unzip uploaded file. Please check your file, then try to upload again.',
    );
  }
  const entries = zip.readUInt16LE(end + 10);
  if (entries === 0) throw invalidParameter('Uploaded file must be a non-empty zip');
  let at = zip.readUInt32LE(end + 16);
  let unzipped = 0;
  for (let entry = 0; entry < entries && at + 46 <= zip.length; entry++) {
    unzipped += zip.readUInt32LE(at + 24);
    at += 46 + zip.readUInt16LE(at + 28) + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  if (unzipped > UNZIPPED) throw invalidParameter(`Unzipped size must be smaller than ${UNZIPPED} bytes`);
}

const IMAGE_CONFIGS = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
];

function readImage(call: LambdaCall, given: GivenCode): Code {
  const { ImageUri: uri } = given;
  if (uri === undefined || given.ZipFile !== undefined || given.S3Bucket !== undefined) {
    throw invalidParameter('Please provide ImageUri when the intended function PackageType is Image.');
  }
  const found = imageAt(call.world, uri);
  const { repository, image } = found ?? {};
  if (!repository || !image) {
    const reason = found ? 'does not exist' : 'is not valid';
    throw invalidParameter(`Source image ${uri} ${reason}. Provide a valid source image.`);
  }
  // No index, and no attestation instead of an image (Lambda: "Create a Lambda function using a container image").
  if (!IMAGE_CONFIGS.includes(image.artifactType ?? '')) {
    throw invalidParameter(
      `The image manifest, config or layer media type for the source image ${uri} is not supported.`,
    );
  }
  checkPull(call, repository);
  return {
    zip: undefined,
    imageUri: uri,
    resolvedImageUri: `${uri.replace(/(:[\w.-]+|@sha256:\w+)$/, '')}@${image.digest}`,
    sha256: image.digest.replace('sha256:', ''),
    size: 0,
  };
}

/** Lambda gives itself the right to pull when the caller may change the repository's policy; so it drifts from what was put. */
function checkPull(call: LambdaCall, repository: Repository): void {
  if (letsPull(repository, 'lambda.amazonaws.com')) return;
  const may = (action: string) => call.world.permits(call.principal, action, repository.arn) === true;
  if (!may('ecr:GetRepositoryPolicy') || !may('ecr:SetRepositoryPolicy')) {
    throw lambdaError(
      'AccessDeniedException',
      403,
      'Lambda does not have permission to access the ECR image. Check the ECR permissions.',
    );
  }
  const before = JSON.parse(repository.policy ?? '{"Version":"2008-10-17","Statement":[]}') as {
    Statement: object[];
  };
  const statement = {
    Sid: 'LambdaECRImageRetrievalPolicy',
    Effect: 'Allow',
    Principal: { Service: 'lambda.amazonaws.com' },
    Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
    Condition: {
      StringLike: { 'aws:sourceArn': `arn:aws:lambda:${call.region}:${call.account}:function:*` },
    },
  };
  repository.policy = JSON.stringify({ ...before, Statement: [...before.Statement, statement] });
}
