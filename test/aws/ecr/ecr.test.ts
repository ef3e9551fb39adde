import {
  BatchCheckLayerAvailabilityCommand,
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  CompleteLayerUploadCommand,
  CreateRepositoryCommand,
  DeleteLifecyclePolicyCommand,
  DeleteRepositoryCommand,
  DeleteRepositoryPolicyCommand,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetDownloadUrlForLayerCommand,
  GetLifecyclePolicyCommand,
  GetRepositoryPolicyCommand,
  InitiateLayerUploadCommand,
  ListImagesCommand,
  ListTagsForResourceCommand,
  PutImageCommand,
  PutImageScanningConfigurationCommand,
  PutImageTagMutabilityCommand,
  PutLifecyclePolicyCommand,
  SetRepositoryPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UploadLayerPartCommand,
} from '@aws-sdk/client-ecr';
import { CreateFunctionCommand, GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { makeRole } from '../lambda/fixtures.ts';
import { startWorld } from '../world.ts';
import { connect, INDEX } from './fixtures.ts';
import { digestOf } from './put-image.ts';

let world: World;
let ecr: ECRClient;
const repositoryName = 'app';
const resourceArn = 'arn:aws:ecr:eu-west-1:111122223333:repository/app';
const uri = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app';
beforeAll(async () => {
  world = await startWorld();
  ecr = new ECRClient(world.client());
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});
const create = (more: object = {}) => ecr.send(new CreateRepositoryCommand({ repositoryName, ...more }));
const describe = async () => {
  const command = new DescribeRepositoriesCommand({ repositoryNames: [repositoryName] });
  return (await ecr.send(command)).repositories?.[0];
};

test('a repository comes back with its settings and tags', async () => {
  await create({
    imageTagMutability: 'IMMUTABLE',
    imageScanningConfiguration: { scanOnPush: true },
    encryptionConfiguration: { encryptionType: 'KMS' },
    tags: [{ Key: 'stack', Value: 'x' }],
  });
  expect(await describe()).toMatchObject({
    repositoryArn: resourceArn,
    repositoryUri: uri,
    imageTagMutability: 'IMMUTABLE',
    imageScanningConfiguration: { scanOnPush: true },
    encryptionConfiguration: {
      encryptionType: 'KMS',
      kmsKey: 'arn:aws:kms:eu-west-1:111122223333:alias/aws/ecr',
    },
  });
  await expect(create()).rejects.toMatchObject({ name: 'RepositoryAlreadyExistsException' });
  await ecr.send(new PutImageTagMutabilityCommand({ repositoryName, imageTagMutability: 'MUTABLE' }));
  const imageScanningConfiguration = { scanOnPush: false };
  await ecr.send(new PutImageScanningConfigurationCommand({ repositoryName, imageScanningConfiguration }));
  expect(await describe()).toMatchObject({ imageTagMutability: 'MUTABLE', imageScanningConfiguration });
  await ecr.send(new TagResourceCommand({ resourceArn, tags: [{ Key: 'b', Value: '2' }] }));
  await ecr.send(new UntagResourceCommand({ resourceArn, tagKeys: ['stack'] }));
  expect((await ecr.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual([
    { Key: 'b', Value: '2' },
  ]);
  expect(world.taggedResources('111122223333', 'eu-west-1')).toMatchObject([
    { arn: resourceArn, type: 'ecr:repository' },
  ]);
});

test('only an empty repository is deleted without force', async () => {
  await create();
  const { pushImage } = await connect(world);
  await pushImage(repositoryName, 'v1');
  const remove = (force?: boolean) => ecr.send(new DeleteRepositoryCommand({ repositoryName, force }));
  await expect(remove()).rejects.toMatchObject({ name: 'RepositoryNotEmptyException' });
  await remove(true);
  await expect(describe()).rejects.toMatchObject({ name: 'RepositoryNotFoundException' });
});

test('policies come and go, and must be some', async () => {
  await create();
  const lifecyclePolicyText = JSON.stringify({
    rules: [
      {
        rulePriority: 1,
        selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 10 },
        action: { type: 'expire' },
      },
    ],
  });
  const putLifecycle = (text: string) =>
    ecr.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText: text }));
  await putLifecycle(lifecyclePolicyText);
  await expect(putLifecycle(lifecyclePolicyText.replace('"expire"', '"keepit"'))).rejects.toMatchObject({
    name: 'InvalidParameterException',
  });
  const lifecycle = await ecr.send(new GetLifecyclePolicyCommand({ repositoryName }));
  expect(lifecycle.lifecyclePolicyText).toBe(lifecyclePolicyText);
  await ecr.send(new DeleteLifecyclePolicyCommand({ repositoryName }));
  await expect(ecr.send(new GetLifecyclePolicyCommand({ repositoryName }))).rejects.toMatchObject({
    name: 'LifecyclePolicyNotFoundException',
  });
  const policyText = (more: object) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: '*', Action: 'ecr:BatchGetImage', ...more }],
    });
  await ecr.send(new SetRepositoryPolicyCommand({ repositoryName, policyText: policyText({}) }));
  const withResource = policyText({ Resource: '*' });
  await expect(
    ecr.send(new SetRepositoryPolicyCommand({ repositoryName, policyText: withResource })),
  ).rejects.toMatchObject({ name: 'InvalidParameterException' });
  await ecr.send(new DeleteRepositoryPolicyCommand({ repositoryName }));
  await expect(ecr.send(new GetRepositoryPolicyCommand({ repositoryName }))).rejects.toMatchObject({
    name: 'RepositoryPolicyNotFoundException',
  });
});

test('layers and images go in through the API too', async () => {
  await create({ imageTagMutability: 'IMMUTABLE' });
  const upload = async (bytes: Buffer) => {
    const { uploadId } = await ecr.send(new InitiateLayerUploadCommand({ repositoryName }));
    const part = { partFirstByte: 0, partLastByte: bytes.length - 1, layerPartBlob: bytes };
    await ecr.send(new UploadLayerPartCommand({ repositoryName, uploadId, ...part }));
    const layerDigests = [digestOf(bytes)];
    await ecr.send(new CompleteLayerUploadCommand({ repositoryName, uploadId, layerDigests }));
    return { digest: digestOf(bytes), size: bytes.length };
  };
  const config = await upload(Buffer.from('{}'));
  const layer = await upload(Buffer.from('layer'));
  await expect(upload(Buffer.from('layer'))).rejects.toMatchObject({ name: 'LayerAlreadyExistsException' });
  const layerDigests = [layer.digest, digestOf('other')];
  const { layers } = await ecr.send(new BatchCheckLayerAvailabilityCommand({ repositoryName, layerDigests }));
  expect(layers?.map((each) => each.layerAvailability)).toEqual(['AVAILABLE', 'UNAVAILABLE']);
  const { downloadUrl = '' } = await ecr.send(
    new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest: layer.digest }),
  );
  expect(await (await fetch(downloadUrl)).text()).toBe('layer');
  const manifest = (more: object) =>
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { ...config, mediaType: 'application/vnd.oci.image.config.v1+json' },
      layers: [layer],
      ...more,
    });
  const put = (imageManifest: string) =>
    ecr.send(new PutImageCommand({ repositoryName, imageTag: 'v1', imageManifest }));
  await put(manifest({}));
  await expect(put(manifest({}))).rejects.toMatchObject({ name: 'ImageAlreadyExistsException' });
  await expect(put(manifest({ annotations: {} }))).rejects.toMatchObject({
    name: 'ImageTagAlreadyExistsException',
  });
  await expect(put(manifest({ layers: [{ digest: digestOf('x'), size: 1 }] }))).rejects.toMatchObject({
    name: 'LayersNotFoundException',
  });
  const { imageDetails } = await ecr.send(new DescribeImagesCommand({ repositoryName }));
  expect(imageDetails).toMatchObject([{ imageTags: ['v1'], imageSizeInBytes: 7 }]);
});

test('images are listed, read and deleted by tag and digest', async () => {
  await create();
  const { pushImage, request } = await connect(world);
  const one = await pushImage(repositoryName, 'one', 'x');
  await pushImage(repositoryName, 'too', 'x');
  const two = await pushImage(repositoryName, 'two');
  const list = (nextToken?: string) =>
    ecr.send(new ListImagesCommand({ repositoryName, maxResults: 2, nextToken }));
  const first = await list();
  const rest = await list(first.nextToken);
  const tags = [...(first.imageIds ?? []), ...(rest.imageIds ?? [])].map((each) => each.imageTag);
  expect(tags.sort()).toEqual(['one', 'too', 'two']);
  const read = await ecr.send(
    new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: 'one' }, { imageTag: 'none' }] }),
  );
  expect(read.images).toMatchObject([{ imageManifest: one.manifest, imageId: { imageDigest: one.digest } }]);
  expect(read.failures).toMatchObject([{ failureCode: 'ImageNotFound' }]);
  const index = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [{ digest: two.digest }] });
  await request('PUT', 'app/manifests/all', index, { 'content-type': INDEX });
  const remove = async (...imageIds: object[]) =>
    await ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds }));
  expect((await remove({ imageTag: 'one' })).imageIds).toEqual([
    { imageDigest: one.digest, imageTag: 'one' },
  ]);
  const kept = await ecr.send(
    new DescribeImagesCommand({ repositoryName, imageIds: [{ imageDigest: one.digest }] }),
  );
  expect(kept.imageDetails?.[0]?.imageTags).toEqual(['too']);
  const both = await remove({ imageDigest: one.digest }, { imageDigest: two.digest });
  expect(both.imageIds).toEqual([{ imageDigest: one.digest, imageTag: 'too' }]);
  expect(both.failures).toMatchObject([{ failureCode: 'ImageReferencedByManifestList' }]);
  await expect(
    ecr.send(new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag: 'too' }] })),
  ).rejects.toMatchObject({ name: 'ImageNotFoundException' });
});

test('Lambda takes an image, but no index, and lets itself into the repository', async () => {
  await create();
  const { pushImage, request } = await connect(world);
  const { digest } = await pushImage(repositoryName, 'v1');
  const index = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [{ digest }] });
  await request('PUT', 'app/manifests/all', index, { 'content-type': INDEX });
  const lambda = new LambdaClient(world.client());
  const Role = await makeRole(world, 'r', []);
  const make = (ImageUri: string) =>
    lambda.send(
      new CreateFunctionCommand({ FunctionName: 'f', Role, PackageType: 'Image', Code: { ImageUri } }),
    );
  await expect(make(`${uri}:none`)).rejects.toMatchObject({
    message: expect.stringContaining('does not exist'),
  });
  await expect(make('docker.io/app:v1')).rejects.toMatchObject({
    message: expect.stringContaining('not valid'),
  });
  await expect(make(`${uri}:all`)).rejects.toMatchObject({
    message: expect.stringContaining('is not supported'),
  });
  const allow = world.deny('ecr:SetRepositoryPolicy');
  await expect(make(`${uri}:v1`)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  allow();
  expect((await make(`${uri}:v1`)).CodeSha256).toBe(digest.replace('sha256:', ''));
  const { Code } = await lambda.send(new GetFunctionCommand({ FunctionName: 'f' }));
  expect(Code).toMatchObject({ ImageUri: `${uri}:v1`, ResolvedImageUri: `${uri}@${digest}` });
  const { policyText } = await ecr.send(new GetRepositoryPolicyCommand({ repositoryName }));
  expect(policyText).toContain('LambdaECRImageRetrievalPolicy');
});
