import type { IndexWriter } from '../../runtime/ports.ts';
import { checkIndex } from './check-index.ts';
import { type IndexClient, type IndexOptions, openClient } from './client.ts';
import { explain, Failure } from './errors.ts';
import { type IndexNames, indexDefinition, indexNames, NOT_DELETED } from './mapping.ts';
import { createWriter } from './writer.ts';

/** A tenth less disk in OpenSearch's own measurements, up to 30 %; from 2.9, and not in every build. */
const CODEC = 'zstd_no_dict';

/**
 * Makes a stack's index and the aliases that name it, all at once; leaves one that is there.
 * @param images - how many are expected, where that is known
 */
export async function createIndex(options: IndexOptions, images = 0): Promise<void> {
  const client = openClient(options, 'writing');
  const names = indexNames(options.stack);
  try {
    const versions = await findVersions(client, names);
    if (versions.some(({ isCurrent }) => isCurrent))
      return await checkIndex(client, names.write, options.bucket);
    const aliases = { [names.read]: { filter: NOT_DELETED }, [names.write]: { is_write_index: true } };
    await make(client, names.version(next(versions)), { bucket: options.bucket, images }, aliases);
  } finally {
    await client.close();
  }
}

/**
 * An empty index beside the present one, to be filled and closed; `replace` then gives it the other's aliases and removes the
 * other, both at once. What an interrupted one left is removed.
 */
export async function newIndex(
  options: IndexOptions,
): Promise<{ index: IndexWriter; replace(): Promise<void> }> {
  const client = openClient(options, 'writing');
  const names = indexNames(options.stack);
  try {
    const versions = await findVersions(client, names);
    for (const { name } of versions.filter((version) => !version.isCurrent)) await remove(client, name);
    const name = names.version(next(versions));
    const images = await countImages(client, names, versions);
    await make(client, name, { bucket: options.bucket, images });
    return {
      index: createWriter(client, name, { bucket: options.bucket, isAlias: false }),
      replace: () => replaceBy(options, name),
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

async function replaceBy(options: IndexOptions, name: string): Promise<void> {
  const client = openClient(options, 'writing');
  const names = indexNames(options.stack);
  try {
    const before = (await findVersions(client, names)).filter(
      (version) => version.isCurrent && version.name !== name,
    );
    const actions = [
      { add: { index: name, alias: names.read, filter: NOT_DELETED } },
      { add: { index: name, alias: names.write, is_write_index: true } },
      ...before.map((version) => ({ remove_index: { index: version.name } })),
    ];
    await client.ask({ method: 'POST', path: '/_aliases', body: { actions } });
  } finally {
    await client.close();
  }
}

/** Removes a stack's index in all its versions; what is not there is no error. */
export async function removeIndex(options: IndexOptions): Promise<void> {
  const client = openClient(options, 'writing');
  try {
    for (const { name } of await findVersions(client, indexNames(options.stack))) await remove(client, name);
  } finally {
    await client.close();
  }
}

interface IndexVersion {
  name: string;
  number: number;
  /** Named by the alias that is written to. */
  isCurrent: boolean;
}

async function findVersions(client: IndexClient, names: IndexNames): Promise<IndexVersion[]> {
  // A wildcard that fits nothing is no error.
  const answer = await client.ask({ method: 'GET', path: `/${names.version(0).slice(0, -1)}*/_alias` });
  return Object.entries(answer as Record<string, { aliases: object }>).flatMap(([name, { aliases }]) => {
    const number = names.versionOf(name);
    return number === undefined ? [] : { name, number, isCurrent: names.write in aliases };
  });
}

const next = (versions: readonly IndexVersion[]): number =>
  1 + Math.max(0, ...versions.map(({ number }) => number));

/** With the better codec where the engine has it: which one has can only be tried. */
async function make(
  client: IndexClient,
  name: string,
  content: { bucket: string; images: number },
  aliases: object = {},
): Promise<void> {
  const put = (codec?: string) =>
    client.send({
      method: 'PUT',
      path: `/${name}`,
      body: { ...indexDefinition({ ...content, codec }), aliases },
    });
  try {
    await put(CODEC).catch((error: unknown) => {
      const isUnknown = error instanceof Failure && error.status === 400 && /codec/.test(error.message);
      if (isUnknown) return put();
      throw error;
    });
  } catch (error) {
    // Another process came first, or this one's answer was lost.
    if (error instanceof Failure && error.type === 'resource_already_exists_exception') return;
    throw explain(error, client.host);
  }
}

async function remove(client: IndexClient, name: string): Promise<void> {
  await client.ask({ method: 'DELETE', path: `/${name}`, query: { ignore_unavailable: true } });
}

async function countImages(
  client: IndexClient,
  names: IndexNames,
  versions: readonly IndexVersion[],
): Promise<number> {
  if (!versions.some(({ isCurrent }) => isCurrent)) return 0;
  const answer = await client.ask({ method: 'GET', path: `/${names.write}/_count` });
  return (answer as { count: number }).count;
}
