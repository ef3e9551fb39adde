import { posix } from 'node:path';
import ts from 'typescript';

/** Source files by their path below `src`, e.g. `runtime/run/work.ts`. */
export type Sources = ReadonlyMap<string, string>;

interface Import {
  /** Path below `src`, or a package's name. */
  target: string;
  kind: 'static' | 'dynamic' | 'type';
}

/**
 * What each folder may import besides itself, as DESIGN.md's layout draws it: a folder, or one file of it. `types`: what
 * it may import as types only.
 */
const ARROWS: Readonly<Record<string, { values: readonly string[]; types?: readonly string[] }>> = {
  // A command opens the AWS session that its verb works in.
  commands: { values: ['terminal', 'stack', 'provision', 'gallery', 'runtime', 'aws/session', 'aws/wait'] },
  // An error of ours is thrown and recognised here, so its class is the one value.
  terminal: { values: ['runtime/errors'], types: ['stack', 'provision', 'gallery', 'runtime', 'aws'] },
  gallery: { values: ['runtime'] },
  // The jobs and the live function have the same adapters as the commands on that stack.
  entry: {
    values: [
      'adapters',
      'aws',
      'runtime',
      'stack/aws-parts',
      'stack/aws-names',
      'stack/aws-rows',
      'stack/record',
    ],
  },
  stack: { values: ['adapters', 'aws', 'runtime'] },
  provision: {
    values: [
      'aws',
      'runtime/contract',
      'runtime/price',
      'runtime/errors',
      'runtime/live/usage',
      'runtime/run/layout',
      'runtime/run/lease',
      'runtime/run/record',
      'runtime/run/remote',
      'adapters/opensearch/mapping',
      'adapters/s3/newest-inventory',
      'adapters/batch/jobs',
      'adapters/s3/objects',
      'stack/spec',
      'stack/aws-spec',
      'stack/aws-names',
      'stack/find-aws',
      'stack/operator',
      'stack/keep-labels',
      'stack/record',
      'stack/settings',
    ],
  },
  adapters: { values: ['aws', 'runtime'] },
  aws: { values: ['runtime/errors'] },
  runtime: { values: [] },
};

/** Packages that only some places may import. */
const PACKAGES: readonly { name: RegExp; allowed: RegExp; why: string }[] = [
  { name: /^listr2$/, allowed: /^terminal\/display\.ts$/, why: 'only terminal/display.ts draws' },
  {
    name: /^@oclif\//,
    allowed: /^(commands|terminal)\//,
    why: 'only commands and terminal know the CLI framework',
  },
  { name: /^@oclif\/core$/, allowed: /^$/, why: 'its parts (@oclif/core/flags) load in half the time' },
  {
    name: /^(@aws-sdk|@smithy|@aws-crypto|@opensearch-project)\//,
    allowed: /^(aws|adapters|provision|entry|stack)\//,
    why: 'no SDK in commands, terminal, gallery and runtime',
  },
  {
    name: /^(sharp|libsql)$/,
    allowed: /^(adapters|gallery)\//,
    why: 'native code stays in adapters and the gallery',
  },
];

/** DESIGN.md: "flags → one verb → print". */
const COMMAND_LINES = 120;

/** Every way in which the sources break the layout, one sentence each. */
export function violations(sources: Sources): string[] {
  return [...sources].flatMap(([file, text]) => [
    ...importsOf(file, text).flatMap((imported) => complaints(file, imported)),
    ...tooLong(file, text),
  ]);
}

function complaints(file: string, { target, kind }: Import): string[] {
  const found: string[] = [];
  const complain = (why: string) => found.push(`${file} imports ${target}: ${why}`);
  for (const { name, allowed, why } of PACKAGES) if (name.test(target) && !allowed.test(file)) complain(why);

  const own = folderOf(file);
  const arrows = ARROWS[own];
  if (!arrows) complain(`nothing says what ${own} may import`);
  if (!target.endsWith('.ts') || !arrows) return found;

  const allowed = [own, ...arrows.values, ...(kind === 'type' ? (arrows.types ?? []) : [])];
  if (!allowed.some((place) => isWithin(target, place))) complain(`no arrow from ${own} to there`);
  if (file === 'stack/open.ts' && folderOf(target) === 'adapters' && kind === 'static') {
    complain('adapters are loaded when a stack needs them');
  }
  return found;
}

function tooLong(file: string, text: string): string[] {
  const lines = text.trimEnd().split('\n').length;
  if (folderOf(file) !== 'commands' || lines <= COMMAND_LINES) return [];
  return [`${file} has ${lines} lines: a command is at most ${COMMAND_LINES}`];
}

/** `import`, `export … from`, `import()`, `typeof import()`. An import of which every name is a type counts as type. */
export function importsOf(file: string, text: string): Import[] {
  const imports: Import[] = [];
  const add = (specifier: ts.Node | undefined, kind: Import['kind']) => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    const { text: to } = specifier;
    imports.push({ target: to.startsWith('.') ? posix.join(posix.dirname(file), to) : to, kind });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeImport(node) ? 'type' : 'static');
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'static');
    else if (ts.isImportTypeNode(node))
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, 'type');
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], 'dynamic');
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
  return imports;
}

function isTypeImport({ importClause }: ts.ImportDeclaration): boolean {
  if (!importClause || importClause.isTypeOnly) return importClause !== undefined;
  const { name, namedBindings } = importClause;
  if (name || !namedBindings || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.length > 0 && namedBindings.elements.every((element) => element.isTypeOnly);
}

const folderOf = (path: string) => path.split('/', 1)[0] ?? '';
const isWithin = (path: string, place: string) => path === `${place}.ts` || path.startsWith(`${place}/`);
