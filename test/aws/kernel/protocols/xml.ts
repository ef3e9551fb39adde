import { SaxesParser } from 'saxes';
import { AwsError } from '../errors.ts';

interface Element {
  name: string;
  text: string;
  children: Element[];
}

/** An XML document as plain values: text, or an object of children, a repeated child as a list. Attributes are left out. */
export function parseXml(text: string): { root: string; value: unknown } {
  const top: Element = { name: '', text: '', children: [] };
  const stack = [top];
  const parser = new SaxesParser({ xmlns: false });
  parser.on('error', (error) => {
    throw new AwsError('MalformedXML', `The XML you provided was not well-formed: ${error.message}`);
  });
  parser.on('opentag', ({ name }) => {
    const element = { name, text: '', children: [] };
    stack.at(-1)?.children.push(element);
    stack.push(element);
  });
  parser.on('text', (piece) => {
    const element = stack.at(-1);
    if (element) element.text += piece;
  });
  parser.on('closetag', () => stack.pop());
  parser.write(text).close();
  const root = top.children[0];
  if (!root) throw new AwsError('MalformedXML', 'The XML you provided was not well-formed');
  return { root: root.name, value: plainOf(root) };
}

function plainOf(element: Element): unknown {
  if (element.children.length === 0) return element.text;
  const value: Record<string, unknown> = {};
  for (const child of element.children) {
    const each = plainOf(child);
    const before = value[child.name];
    if (before === undefined) value[child.name] = each;
    else if (Array.isArray(before)) before.push(each);
    else value[child.name] = [before, each];
  }
  return value;
}

/** How a list is written: repeated (`undefined`), or wrapped with entries of this name. */
type Item = 'member' | 'item' | undefined;

/** `value` as the element `name`; a member that starts with `@` is an attribute, a `Map` is query's `<entry>` list. */
export function toXml(name: string, value: unknown, item: Item): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) {
    if (item === undefined) return value.map((each) => toXml(name, each, item)).join('');
    return `<${name}>${value.map((each) => toXml(item, each, item)).join('')}</${name}>`;
  }
  if (value instanceof Date) return `<${name}>${value.toISOString()}</${name}>`;
  if (value instanceof Uint8Array) return `<${name}>${Buffer.from(value).toString('base64')}</${name}>`;
  if (value instanceof Map) {
    const entries = [...value].map(([key, each]) => toXml('entry', { key, value: each }, item));
    return `<${name}>${entries.join('')}</${name}>`;
  }
  if (typeof value !== 'object') return `<${name}>${escapeXml(String(value))}</${name}>`;
  const entries = Object.entries(value);
  const attributes = entries.filter(([key]) => key.startsWith('@'));
  const open = attributes.map(([key, each]) => ` ${key.slice(1)}="${escapeXml(String(each))}"`).join('');
  const members = entries.filter(([key]) => !key.startsWith('@'));
  return `<${name}${open}>${members.map(([key, each]) => toXml(key, each, item)).join('')}</${name}>`;
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#xD;')
    .replaceAll('\n', '&#xA;');
}
