import { execFile } from 'node:child_process';
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { imageAt } from '../ecr/reach.ts';
import type { World } from '../kernel/world.ts';
import type { LambdaFunction } from '../lambda/state.ts';

/**
 * What an image's entry point runs, with `node` left out: the files of its last layer, unpacked below `folder`. Whatever is
 * below that layer is not started: its Node is this process's.
 */
export async function programOfImage(world: World, uri: string, folder: string): Promise<string[]> {
  const { repository, image } = imageAt(world, uri) ?? {};
  if (!repository || !image) throw new Error(`CannotPullContainerError: ${uri} is not there`);
  const { manifests } = JSON.parse(image.manifest);
  const [one = image] = (manifests ?? []).map(({ digest }: { digest: string }) =>
    repository.images.get(digest),
  );
  const { config, layers } = JSON.parse(one.manifest);
  const { Entrypoint } = JSON.parse(String(repository.layers.get(config.digest))).config;
  const { digest } = layers.at(-1);
  const bytes = repository.layers.get(digest);
  const root = await filledOnce(folder, digest.replace(':', '-'), async (draft) => {
    await writeFile(`${draft}.tar.gz`, bytes ?? '');
    await promisify(execFile)('tar', ['-xzf', `${draft}.tar.gz`, '-C', draft]);
    await rm(`${draft}.tar.gz`);
  });
  const [, ...program] = Entrypoint as string[];
  return program.map((each) => (each.startsWith('/') ? join(root, each) : each));
}

/** The module that a function's zip has as `index.mjs`, unpacked below `folder`. */
export async function moduleOfFunction({ code }: LambdaFunction, folder: string): Promise<string> {
  const { zip } = code;
  if (zip === undefined) throw new Error('the function has no zip');
  const root = await filledOnce(folder, code.sha256.replaceAll('/', '_'), async (draft) => {
    for (const [name, content] of Object.entries(unzipSync(zip))) await writeFile(join(draft, name), content);
  });
  return join(root, 'index.mjs');
}

/** A folder of that name, filled by whoever is first. */
async function filledOnce(
  folder: string,
  name: string,
  fill: (draft: string) => Promise<void>,
): Promise<string> {
  const path = join(folder, name);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return path;
  const draft = `${path}.${crypto.randomUUID()}`;
  await mkdir(draft, { recursive: true });
  await fill(draft);
  await rename(draft, path).catch(() => rm(draft, { recursive: true }));
  return path;
}
