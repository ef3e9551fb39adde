import { DescribeImagesCommand, ECRClient, type ImageDetail } from '@aws-sdk/client-ecr';
import { ifThere } from '../../aws/errors.ts';
import { messageOf, RekbackError } from '../../runtime/errors.ts';
import type { Context } from '../context.ts';
import { readBase } from '../image/base.ts';
import { VERSION } from '../image/choose.ts';
import { buildWithDocker } from '../image/docker.ts';
import { packLayer } from '../image/layer.ts';
import { composeImage } from '../image/manifest.ts';
import { pushImage } from '../image/push.ts';
import { parseReference } from '../image/reference.ts';
import { RegistryError } from '../image/registry.ts';
import { defineResource, type Resource } from '../resource.ts';
import { logIn, openRegistry } from './login.ts';

/**
 * The container image of the jobs, in the stack's repository; not wanted where one of somebody else's is named. There is
 * nothing to change about an image: another bundle or base makes another one.
 */
export function image(context: Context, repository: Resource): Resource {
  const { spec, names, clients, waiting, code } = context;
  const { account, region, image: made, imageUri } = spec;
  const { name } = names.repository;
  const describe = async (): Promise<ImageDetail | undefined> => {
    if (made === undefined) return undefined;
    const { digest } = parseReference(imageUri);
    const imageIds = [digest === undefined ? { imageTag: made.tag } : { imageDigest: digest }];
    const query = new DescribeImagesCommand({ registryId: account, repositoryName: name, imageIds });
    return (await ifThere(clients(ECRClient).send(query)))?.imageDetails?.[0];
  };

  const push = async (base: string, tag: string) => {
    const registries = { clients, account, region, waiting };
    const to = await openRegistry(registries, parseReference(imageUri));
    const from = await readBase(base, (reference) => openRegistry(registries, reference));
    const built = composeImage(from, await packLayer(code.module), VERSION);
    if (!imageUri.endsWith(built.index.digest)) {
      throw pushFailed(`${name}:${tag}`, `it became ${built.index.digest} instead of ${imageUri}`);
    }
    await pushImage(built, tag, { from: from.repository, to }).catch(async (error: unknown) => {
      // An answer that got lost: a tag that is there can't be written again, not even the same.
      if ((await describe()) === undefined) throw error;
    });
  };

  const build = async (base: string) => {
    const { token } = await logIn(clients);
    const password = Buffer.from(token, 'base64').toString().replace(/^AWS:/, '');
    await buildWithDocker({ uri: imageUri, base, version: VERSION, password, signal: waiting.signal });
  };

  return defineResource<object>(context, {
    type: 'image',
    name: made === undefined ? name : `${name}:${made.tag}`,
    after: [repository],
    wanted: () => made && {},
    read: async () => ((await describe()) === undefined ? undefined : { config: {} }),
    async create() {
      if (made === undefined) return;
      const { by, base, tag } = made;
      try {
        await (by === 'docker' ? build(base) : push(base, tag));
      } catch (error) {
        waiting.signal?.throwIfAborted();
        throw isTransfer(error) ? pushFailed(`${name}:${tag}`, messageOf(error), error) : error;
      }
    },
    update: async () => {},
    // Goes with its repository, which is removed next.
    remove: async () => {},
  });
}

/** The registry's or the network's, where the SDK has no part in it. */
const isTransfer = (error: unknown): boolean =>
  error instanceof RegistryError ||
  (error instanceof Error && !(error instanceof RekbackError) && !('$metadata' in error));

const pushFailed = (what: string, why: string, cause?: unknown) =>
  new RekbackError('image-push-failed', `can't push the image '${what}': ${why}`, {
    cause,
    suggestions: [
      ...(cause instanceof RegistryError && cause.status === 403
        ? ['see which rights are missing: rekback doctor']
        : []),
      'run the same command again: it goes on where this one ended',
      'or name an image that is there already: --image-uri REPOSITORY@sha256:…',
    ],
  });
