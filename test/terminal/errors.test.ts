import { describe, expect, test } from 'vitest';
import { RekbackError } from '../../src/runtime/errors.ts';
import { QueryError } from '../../src/runtime/query/error.ts';
import { palette } from '../../src/terminal/colours.ts';
import { describeError, quietExitCode, renderError } from '../../src/terminal/errors.ts';

const colour = palette({ isTTY: false }, {});
const render = (error: unknown, verbose = false) => renderError(error, { verbose, colour });

describe('rendering', () => {
  test('a failure with what to do', () => {
    const error = new RekbackError('no-stack', 'no stack named "foto"', {
      suggestions: ['Run rekback stacks to see them.', 'Run rekback setup to make one.'],
    });
    expect(render(error)).toMatchInlineSnapshot(`
      "Error: no stack named "foto"

      What to do:
        Run rekback stacks to see them.
        Run rekback setup to make one."
    `);
  });

  test('a right that is missing, where nobody foresaw that, and how to see which', () => {
    const denied = Object.assign(new Error('User: a is not authorized to perform: s3:PutObject.'), {
      name: 'AccessDenied',
      $metadata: { httpStatusCode: 403 },
    });
    expect(describeError(denied)).toMatchObject({ code: 'aws-denied', exitCode: 1 });
    expect(render(denied)).toMatchInlineSnapshot(`
      "Error: AWS does not allow it: User: a is not authorized to perform: s3:PutObject

      What to do:
        see which rights are missing: rekback doctor"
    `);
    expect(describeError(Object.assign(denied, { name: 'SlowDown' })).code).toBe('internal');
  });

  test('a query with the place', () => {
    expect(
      render(new QueryError('nothing after AND', 'dog AND', 7, ['Add a label.'])),
    ).toMatchInlineSnapshot(`
      "Error: nothing after AND

      dog AND
             ^

      What to do:
        Add a label.
        rekback help query shows the syntax with examples"
    `);
  });

  test('a no is one line', () => {
    expect(render(new RekbackError('declined', 'declined, nothing changed'), true)).toBe(
      'Declined, nothing changed.',
    );
  });

  test('causes in order, each once', () => {
    const inner = new TypeError('reset\x1b[1m');
    const outer = new RekbackError('offline', 'no answer', { cause: new Error('socket', { cause: inner }) });
    inner.cause = outer;
    expect(render(outer, true)).toBe(
      'Error: no answer\nCaused by: Error: socket\nCaused by: TypeError: reset\\x1b[1m',
    );
  });

  test('the stack of our own mistakes, only when asked for', () => {
    const error = new TypeError('x is undefined');
    expect(render(error)).not.toContain('errors.test.ts');
    expect(render(error, true)).toContain('errors.test.ts');
  });
});

test.each([
  [new RekbackError('a', 'b', { exitCode: 2 }), 'a', 2],
  [new TypeError('x'), 'internal', 1],
  ['a thrown text', 'internal', 1],
  [Object.assign(new Error('Command x not found.'), { oclif: { exit: 2 } }), 'usage', 2],
  [Object.assign(new Error('failed to load'), { oclif: { exit: 1 } }), 'internal', 1],
])('%s has code %s', (error, code, exitCode) => {
  expect(describeError(error)).toMatchObject({ code, exitCode });
});

test("what leaves early through oclif's exit says nothing", () => {
  expect(quietExitCode(Object.assign(new Error('EEXIT: 0'), { code: 'EEXIT', oclif: { exit: 0 } }))).toBe(0);
  expect(quietExitCode(new Error('EEXIT'))).toBeUndefined();
});
