import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importsOf, violations } from './architecture.ts';

const SRC = join(import.meta.dirname, '..', 'src');

test('the sources keep to the layout', async () => {
  const files = (await readdir(SRC, { recursive: true })).filter((name) => name.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(10);
  const sources = await Promise.all(
    files.map(async (name) => [name, await readFile(join(SRC, name), 'utf8')] as const),
  );
  expect(violations(new Map(sources))).toEqual([]);
});

describe('the check sees', () => {
  const broken: [what: string, file: string, code: string][] = [
    ['a command that calls the SDK', 'commands/status.ts', "import { S3Client } from '@aws-sdk/client-s3';"],
    [
      'a command that calls an adapter',
      'commands/status.ts',
      "import { open } from '../adapters/sqlite/writer.ts';",
    ],
    ['a long command', 'commands/status.ts', 'const a = 1;\n'.repeat(121)],
    ['values in terminal', 'terminal/tables.ts', "import { fold } from '../runtime/query/fold.ts';"],
    [
      'values among types in terminal',
      'terminal/x.ts',
      "import { type A, b } from '../runtime/contract.ts';",
    ],
    ['an import without names', 'terminal/x.ts', "import '../runtime/contract.ts';"],
    ['listr2 elsewhere', 'terminal/tables.ts', "const { Listr } = await import('listr2');"],
    [
      'a runtime that knows an adapter',
      'runtime/run/work.ts',
      "import { a } from '../../adapters/memory/index.ts';",
    ],
    ['even as a type', 'runtime/run/work.ts', "import type { A } from '../../adapters/memory/index.ts';"],
    ['even as a type of an import', 'runtime/x.ts', "type A = typeof import('../stack/open.ts');"],
    ['a re-export', 'runtime/x.ts', "export { a } from '../stack/open.ts';"],
    ['a runtime with native code', 'runtime/x.ts', "import sharp from 'sharp';"],
    ['a runtime with the CLI framework', 'runtime/x.ts', "import { Command } from '@oclif/core/command';"],
    ['the whole CLI framework', 'commands/status.ts', "import { Flags } from '@oclif/core';"],
    ['a dynamic import', 'runtime/x.ts', "const load = () => import('../stack/open.ts');"],
    ['an adapter loaded with the stack', 'stack/open.ts', "import { a } from '../adapters/s3/images.ts';"],
    ['a gallery that opens stacks', 'gallery/server/x.ts', "import { a } from '../../stack/open.ts';"],
    ['more of the runtime in provision', 'provision/plan.ts', "import { a } from '../runtime/run/plan.ts';"],
    [
      'more of an adapter in provision',
      'provision/x.ts',
      "import { a } from '../adapters/opensearch/writer.ts';",
    ],
    ['an adapter that knows the stack', 'adapters/s3/images.ts', "import { a } from '../../stack/spec.ts';"],
    [
      'a file whose name only begins the same',
      'terminal/x.ts',
      "import { a } from '../runtime/errors-of-aws.ts';",
    ],
    ['a folder that the layout does not have', 'helpers/x.ts', "import { a } from './y.ts';"],
  ];
  test.each(broken)('%s', (_, file, code) => {
    expect(violations(new Map([[file, code]]))).toHaveLength(1);
  });
});

describe('the check allows', () => {
  const fine: [what: string, file: string, code: string][] = [
    ['types in terminal', 'terminal/x.ts', "import { type A, type B } from '../runtime/contract.ts';"],
    ['our errors in terminal', 'terminal/x.ts', "import { RekbackError } from '../runtime/errors.ts';"],
    ['the mapping in provision', 'provision/x.ts', "import { a } from '../adapters/opensearch/mapping.ts';"],
    ['adapters on demand', 'stack/open.ts', "const a = () => import('../adapters/s3/images.ts');"],
    ['types of adapters', 'stack/open.ts', "import type { A } from '../adapters/s3/images.ts';"],
    ['neighbours', 'adapters/s3/images.ts', "import { a } from '../folder/walk.ts';"],
    ['a long file that is no command', 'runtime/x.ts', 'const a = 1;\n'.repeat(121)],
  ];
  test.each(fine)('%s', (_, file, code) => {
    expect(violations(new Map([[file, code]]))).toEqual([]);
  });
});

test('every form of import is found', () => {
  const code = `
    import a from './a.ts';
    import type { B } from './b.ts';
    import { type C } from './c.ts';
    import './d.ts';
    export * from './e.ts';
    export type { F } from '../f.ts';
    const g = await import('g');
    type H = import('./h.ts').H;
    // import i from './i.ts';
    const text = "import j from './j.ts'";
  `;
  expect(importsOf('x/y.ts', code).map(({ target, kind }) => `${kind} ${target}`)).toEqual([
    'static x/a.ts',
    'type x/b.ts',
    'type x/c.ts',
    'static x/d.ts',
    'static x/e.ts',
    'type f.ts',
    'dynamic g',
    'type x/h.ts',
  ]);
});
