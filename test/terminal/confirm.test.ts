import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { confirm } from '../../src/terminal/confirm.ts';

const terminal = () => Object.assign(new PassThrough(), { isTTY: true });

async function answer(typed: string): Promise<string> {
  const [input, output] = [terminal(), terminal()];
  input.end(typed);
  await confirm('Delete the stack', { yes: false, input, output });
  return output.read().toString();
}

test.each(['y\n', 'Y\n', 'yes\n', ' YES \n'])('%j is a yes', async (typed) => {
  expect(await answer(typed)).toBe('Delete the stack? [y/N] ');
});

test.each(['\n', 'n\n', 'no\n', 'yep\n', 'yes please\n', 'y', ''])('%j is a no', async (typed) => {
  await expect(answer(typed)).rejects.toMatchObject({ code: 'declined', exitCode: 2 });
});

test('--yes asks nothing', async () => {
  const output = terminal();
  await confirm('Delete the stack', { yes: true, input: terminal(), output });
  expect(output.read()).toBeNull();
});

test.each([
  ['input', new PassThrough(), terminal()],
  ['output', terminal(), new PassThrough()],
])('without a terminal as %s nothing is asked', async (_, input, output) => {
  const asking = confirm('Delete the stack', { yes: false, input, output });
  await expect(asking).rejects.toMatchObject({ code: 'confirmation-needed', exitCode: 2 });
  expect(output.read()).toBeNull();
});

test('an interruption ends the question with its reason', async () => {
  const controller = new AbortController();
  const options = { yes: false, input: terminal(), output: terminal(), signal: controller.signal };
  const asking = confirm('Delete the stack', options);
  setImmediate(() => controller.abort(new Error('interrupted')));
  await expect(asking).rejects.toThrow('interrupted');
});
