import { OpenSearchClient } from '@aws-sdk/client-opensearch';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chooseEngineVersion } from '../../../src/provision/opensearch/engine-version.ts';
import type { World } from '../../aws/kernel/world.ts';
import { VERSIONS } from '../../aws/opensearch/versions.ts';
import { startWorld } from '../../aws/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

/** A client whose service lists these pages. */
function listing(...pages: string[][]): OpenSearchClient {
  const client = new OpenSearchClient(world.client());
  client.middlewareStack.add(
    () =>
      async ({ input }) => {
        const page = Number('NextToken' in input ? (input.NextToken ?? 0) : 0);
        const NextToken = page + 1 < pages.length ? String(page + 1) : undefined;
        return { output: { $metadata: {}, Versions: pages[page], NextToken }, response: undefined };
      },
    { step: 'initialize' },
  );
  return client;
}

describe('chooseEngineVersion', () => {
  it('is the newest that AWS lists', async () => {
    expect(await chooseEngineVersion(new OpenSearchClient(world.client()))).toBe(VERSIONS[0]);
  });

  it('compares numbers, over all pages, and takes no Elasticsearch', async () => {
    const client = listing(['OpenSearch_2.9', 'Elasticsearch_7.10'], ['OpenSearch_2.19'], ['OpenSearch_2.3']);
    expect(await chooseEngineVersion(client)).toBe('OpenSearch_2.19');
  });

  it('says so when a Region has none', async () => {
    await expect(chooseEngineVersion(listing(['Elasticsearch_7.10']))).rejects.toMatchObject({
      code: 'no-engine',
      message: expect.stringContaining('eu-west-1'),
    });
  });
});
