import { existsSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const MODULES = join(import.meta.dirname, '../../../node_modules');

/**
 * The SDK commands that a source file sends, as `client-sqs CreateQueue`: what it imports by name, statically or on demand
 * (`const { CreateQueueCommand } = await import('@aws-sdk/client-sqs')`), and what it takes from a module
 * (`sdk.CreateQueueCommand`). Types do not count.
 */
export function sentCommands(file: string, code: string): string[] {
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.ESNext, true);
  const found = new Set<string>();
  const clients = new Set<string>();
  const note = (client: string, name: string) => {
    if (name.endsWith('Command') && name !== 'Command')
      found.add(`${client} ${name.replace(/Command$/, '')}`);
  };
  const members: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && !node.importClause?.isTypeOnly) {
      const client = clientOf(node.moduleSpecifier);
      const names = node.importClause?.namedBindings;
      if (client !== undefined) {
        clients.add(client);
        if (names && ts.isNamedImports(names)) {
          for (const each of names.elements.filter(({ isTypeOnly }) => !isTypeOnly)) {
            note(client, (each.propertyName ?? each.name).text);
          }
        }
      }
    }
    if (
      ts.isCallExpression(node) &&
      node.expression.kind === ts.SyntaxKind.ImportKeyword &&
      node.arguments[0]
    ) {
      const client = clientOf(node.arguments[0]);
      if (client !== undefined) {
        clients.add(client);
        for (const name of destructured(node)) note(client, name);
      }
    }
    if (ts.isPropertyAccessExpression(node)) members.push(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  for (const name of members.filter((each) => each.endsWith('Command'))) {
    for (const client of clients) if (isCommand(client, name)) note(client, name);
  }
  return [...found].sort();
}

function clientOf(specifier: ts.Node): string | undefined {
  if (!ts.isStringLiteralLike(specifier)) return undefined;
  return /^@aws-sdk\/(client-.+)$/.exec(specifier.text)?.[1];
}

/** The names that `const { … } = await import(…)` takes. */
function destructured(call: ts.CallExpression): string[] {
  const value = ts.isAwaitExpression(call.parent) ? call.parent : call;
  const declaration = value.parent;
  if (!ts.isVariableDeclaration(declaration) || !ts.isObjectBindingPattern(declaration.name)) return [];
  return declaration.name.elements.map(({ propertyName, name }) => (propertyName ?? name).getText());
}

function isCommand(client: string, name: string): boolean {
  return existsSync(join(MODULES, '@aws-sdk', client, 'dist-types/commands', `${name}.d.ts`));
}
