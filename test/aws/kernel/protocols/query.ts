import { Unsupported } from '../errors.ts';
import { operationNamed } from './json.ts';
import type { Protocol } from './wire.ts';
import { toXml } from './xml.ts';

/** AWS query: a form with `Action`, `A.member.1.B=…` each way out as XML with `<member>` lists. */
export const query: Protocol = {
  decode(request, service) {
    const { name, input } = readForm(request.body.toString());
    return { operation: operationNamed(service, name), input, text: true };
  },
  answer(output, { operation }, service, requestId) {
    const response = {
      '@xmlns': service.xmlns,
      [`${operation.name}Result`]: output ?? {},
      ResponseMetadata: { RequestId: requestId },
    };
    return xml(200, toXml(`${operation.name}Response`, response, 'member'), requestId);
  },
  failure(error, service, requestId) {
    const Type = error.status < 500 ? 'Sender' : 'Receiver';
    const response = {
      '@xmlns': service.xmlns,
      Error: { Type, Code: error.code, Message: error.message, ...error.fields },
      RequestId: requestId,
    };
    return xml(error.status, toXml('ErrorResponse', response, 'member'), requestId);
  },
};

/** EC2's form: lists are `Name.1`, answers carry their members directly, lists as `<item>`. */
export const ec2: Protocol = {
  decode: query.decode,
  answer(output, { operation }, service, requestId) {
    const response = { '@xmlns': service.xmlns, requestId, ...output };
    return xml(200, toXml(`${operation.name}Response`, response, 'item'), requestId);
  },
  failure(error, _service, requestId) {
    const Errors = { Error: { Code: error.code, Message: error.message, ...error.fields } };
    return xml(error.status, toXml('Response', { Errors, RequestID: requestId }, undefined), requestId);
  },
};

function xml(status: number, text: string, requestId: string) {
  return {
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`),
  };
}

type Tree = { [name: string]: Tree | string };

function readForm(form: string): { name: string; input: unknown } {
  const tree: Tree = {};
  let name: string | undefined;
  for (const [key, value] of new URLSearchParams(form)) {
    if (key === 'Action') name = value;
    else if (key !== 'Version') plant(tree, key.split('.'), value);
  }
  if (name === undefined) throw new Unsupported('a form without Action');
  return { name, input: withLists(tree) };
}

function plant(tree: Tree, path: string[], value: string): void {
  let at = tree;
  for (const part of path.slice(0, -1)) {
    const next = at[part];
    const branch = typeof next === 'object' ? next : {};
    at[part] = branch;
    at = branch;
  }
  at[path.at(-1) ?? ''] = value;
}

/** What is keyed 1, 2, 3 … becomes a list. */
function withLists(tree: Tree | string): unknown {
  if (typeof tree === 'string') return tree;
  const keys = Object.keys(tree);
  if (keys.length > 0 && keys.every((key) => /^\d+$/.test(key))) {
    return keys.sort((a, b) => Number(a) - Number(b)).map((key) => withLists(tree[key] ?? ''));
  }
  return Object.fromEntries(keys.map((key) => [key, withLists(tree[key] ?? '')]));
}
