import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Clients } from '../../aws/clients.ts';
import type { Waiting } from '../../aws/wait.ts';
import { namesOf, type Place } from '../../stack/aws-names.ts';
import type { AwsOptions } from '../../stack/aws-spec.ts';
import { openRegistry, registryHost } from '../ecr/login.ts';
import { pinImage } from '../ecr/pin-image.ts';
import type { FunctionCode } from '../lambda/code.ts';
import { BASE_IMAGE, readBase } from './base.ts';
import { packLayer } from './layer.ts';
import { composeImage, labelsOf, START } from './manifest.ts';
import { parseReference } from './reference.ts';

/** What a person may say about the jobs' container image. */
export interface ImageChoice {
  /** One that is there already. */
  imageUri?: string | undefined;
  /** How ours is made: pushed as it is, or built by Docker. */
  image?: 'push' | 'docker' | undefined;
  /** What ours is made from. */
  baseImage?: string | undefined;
}

type Recorded = Pick<AwsOptions, 'imageUri' | 'image'>;

/** What is needed to know which image is wanted. */
export interface ImageSource {
  clients: Clients;
  waiting: Waiting;
  place: Place;
  code: () => Promise<FunctionCode>;
}

/** The same distance from the sources and from what is compiled of them. */
export const VERSION: string = createRequire(import.meta.url)('../../../package.json').version;

/**
 * The image that the jobs run from now on: one that is named, else one that is recorded and has this version's bundle,
 * else the one that setup is to make. Its address is known before it is made: of what rekback pushes the digest, of what
 * Docker builds a tag, which in our repository never moves. The base is pinned when it is first read; from then on
 * nothing outside of AWS is asked, until another is named.
 *
 * @throws RekbackError `image-missing`, `bad-base-image`, `base-image-unreachable`, `base-image-platform`
 */
export async function chooseImage(
  { clients, waiting, place, code }: ImageSource,
  choice: ImageChoice,
  recorded: Recorded | undefined,
): Promise<Recorded> {
  const { account, region } = place;
  if (choice.imageUri !== undefined) return { imageUri: await pinImage(clients, choice.imageUri, region) };
  const isNamed = choice.image !== undefined || choice.baseImage !== undefined;
  if (recorded !== undefined && recorded.image === undefined && !isNamed)
    return { imageUri: recorded.imageUri };

  const layer = await packLayer((await code()).module);
  const by = choice.image ?? recorded?.image?.by ?? 'push';
  const named = choice.baseImage ?? recorded?.image?.base ?? BASE_IMAGE;
  const repository = `${registryHost(place)}/${namesOf(place).repository.name}`;
  const made = (base: string) => ({ by, base, tag: tagOf(by, layer.descriptor.digest, base) });
  if (by === 'docker') {
    parseReference(named);
    const image = made(named);
    return { imageUri: `${repository}:${image.tag}`, image };
  }
  if (recorded?.image?.tag === made(named).tag) return { imageUri: recorded.imageUri, image: made(named) };
  const base = await readBase(named, (to) => openRegistry({ clients, account, region, waiting }, to));
  const { index } = composeImage(base, layer, VERSION);
  return { imageUri: `${repository}@${index.digest}`, image: made(base.pinned) };
}

/** Another one for everything that makes another image. */
function tagOf(by: string, layer: string, base: string): string {
  const content = JSON.stringify([by, layer, base, START, labelsOf(VERSION, base)]);
  const short = createHash('sha256').update(content).digest('hex').slice(0, 12);
  return `${VERSION.replaceAll(/[^\w.-]/g, '-')}-${short}`;
}
