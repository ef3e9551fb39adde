import { openS3Objects } from '../../adapters/s3/objects.ts';
import { INDEX_ADDRESS } from '../../runtime/run/layout.ts';
import { readJson } from '../../runtime/run/record.ts';
import type { Context } from '../context.ts';
import { defineResource, type Resource } from '../resource.ts';

interface Config {
  endpoint: string | undefined;
}

/**
 * Where the index is, in the stack's bucket: what AWS chose for the domain, or what was given. The jobs, the live function
 * and the commands read it there, so that none of them needs a right on the domain itself. Goes with the bucket.
 */
export function indexAddress(context: Context, after: readonly Resource[]): Resource {
  const { spec, names, clients, outputs } = context;
  const objects = openS3Objects(clients, { bucket: names.bucket.name, account: spec.account });
  const write = async ({ endpoint }: Config) => {
    await objects.put(INDEX_ADDRESS, Buffer.from(JSON.stringify({ endpoint })));
  };
  return defineResource<Config>(context, {
    type: 'index-address',
    name: INDEX_ADDRESS,
    after,
    wanted: () => ({ endpoint: outputs.indexEndpoint }),
    async read() {
      const found = await readJson<Config>(objects, INDEX_ADDRESS);
      return found && { config: { endpoint: found.endpoint } };
    },
    create: write,
    update: write,
    remove: async () => {},
  });
}
