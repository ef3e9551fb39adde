import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import type { Credentials } from '../kernel/principals.ts';
import type { World } from '../kernel/world.ts';
import { digestOf } from './put-image.ts';

/** A registry as a push client sees it: an address and a password, which an administrator has asked for unless told. */
export async function connect(world: World, credentials?: Credentials) {
  const { authorizationData = [] } = await new ECRClient(
    world.client({ ...(credentials && { credentials }) }),
  ).send(new GetAuthorizationTokenCommand({}));
  const { authorizationToken: token = '', proxyEndpoint = '' } = authorizationData[0] ?? {};
  const request = (method: string, path: string, body?: Buffer | string, headers: object = {}) =>
    fetch(path.startsWith('http') ? path : `${proxyEndpoint}/v2/${path}`, {
      method,
      redirect: 'manual',
      headers: { authorization: `Basic ${token}`, ...headers },
      ...(body !== undefined && { body: body instanceof Buffer ? new Uint8Array(body) : body }),
    });
  const pushBlob = async (repository: string, bytes: Buffer) => {
    const begun = await request('POST', `${repository}/blobs/uploads/`);
    const done = `${begun.headers.get('location')}?digest=${digestOf(bytes)}`;
    await request('PUT', done, bytes);
    return { digest: digestOf(bytes), size: bytes.length };
  };
  /** Pushes configuration, one layer and the manifest. */
  const pushImage = async (repository: string, tag: string, text = tag) => {
    const config = await pushBlob(
      repository,
      Buffer.from(JSON.stringify({ architecture: 'arm64', os: 'linux' })),
    );
    const layer = await pushBlob(repository, Buffer.from(text));
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: IMAGE,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...layer }],
    });
    const answer = await request('PUT', `${repository}/manifests/${tag}`, manifest, {
      'content-type': IMAGE,
    });
    return { answer, manifest, digest: digestOf(manifest), layer };
  };
  return { token, proxyEndpoint, request, pushBlob, pushImage };
}

export const IMAGE = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX = 'application/vnd.oci.image.index.v1+json';
