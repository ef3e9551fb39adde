import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type BaseRegistry, startBaseRegistry } from '../provision/image/base-registry.ts';
import { type AwsWorkspace, awsWorkspace, BUCKET } from './aws-workspace.ts';

let space: AwsWorkspace;
let base: BaseRegistry;
beforeAll(async () => {
  space = await awsWorkspace();
});
beforeEach(async () => {
  await space.again();
  base = await startBaseRegistry();
  base.put('node', '24-slim');
});
afterEach(() => base.stop());
afterAll(() => space.remove());

const setup = (...args: string[]) => ['setup', '--bucket', BUCKET, ...args, '--yes', '--json'];
interface Thing {
  type: string;
  name: string;
}
const ofImage = (things: readonly Thing[]) => things.filter(({ type }) => type === 'image');

test('setup makes the image, status sees it, teardown removes it', async () => {
  const named = await space.json<{ changes: Thing[] }>(setup('--base-image', `${base.host}/node:24-slim`), 0);
  const [{ name } = { name: '' }] = ofImage(named.changes);
  expect(name).toMatch(new RegExp(`^rekback/${BUCKET}:\\d+\\.\\d+\\.\\d+-[0-9a-f]{12}$`));
  const { resources } = await space.json<{ resources: Thing[] }>(['status'], 0);
  expect(ofImage(resources)).toEqual([{ type: 'image', name, state: 'present' }]);
  // The bundle is the same in every process, so nothing has to be asked of the base's registry.
  await base.stop();
  expect(await space.json(setup(), 0)).toMatchObject({ changes: [] });
  base = await startBaseRegistry();
  const { removed, left } = await space.json<{ removed: Thing[]; left: Thing[] }>(
    ['teardown', '--stack', BUCKET, '--yes'],
    0,
  );
  expect([ofImage(removed), left]).toEqual([[{ type: 'image', name }], []]);
}, 120_000);

test('an image that is named and one that is made exclude each other', async () => {
  for (const other of [
    ['--image', 'docker'],
    ['--base-image', 'node:24'],
  ]) {
    const { stdout, code } = await space.look(setup('--image-uri', 'x/y@sha256:0', ...other));
    expect([JSON.parse(stdout).error.code, code]).toEqual(['usage', 2]);
  }
});
