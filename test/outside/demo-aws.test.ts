import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { builtCli } from '../cli.ts';
import { preparedEngine } from './opensearch/node.ts';
import { describeWith, lookFor } from './requires.ts';

const DEMO = join(import.meta.dirname, '../../demo/aws.js');

describeWith('the demo of AWS', await lookFor(() => preparedEngine('2.19.1.0')), () => {
  test('ends as it must', async () => {
    const built = await builtCli();
    const { stdout } = await promisify(execFile)(process.execPath, [DEMO, built]);
    expect(stdout).toContain('\nEverything was as it must be.\n');
    expect(stdout).toContain('\n$ rekback teardown --yes\n');
  }, 240_000);
});
