import { decodeText } from './text.ts';

const RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#';
const DC = 'http://purl.org/dc/elements/1.1/';
const LIGHTROOM = 'http://ns.adobe.com/lightroom/1.0/';

/** Characters read of a packet. Beyond it are editing histories; 4 Mi take about 0.2 s. */
const MAX_PACKET = 4 * 2 ** 20;
/** Elements inside each other; XMP needs about ten. Looking up a namespace costs a step per level. */
const MAX_DEPTH = 64;
/** Damaged packets are common (a second XML declaration, padding with NUL), but noise must end soon. */
const MAX_ERRORS = 10;

export interface XmpKeywords {
  /** `dc:subject`. */
  subjects: string[];
  /** `lr:hierarchicalSubject`: the path from the widest term, separated by `|`. */
  hierarchies: string[];
}

/**
 * The keywords of an XMP packet, in its order, exactly as written. Elements or attributes, any RDF container or none,
 * UTF-8 or UTF-16. Of a damaged packet it gives what comes before the damage; it never throws. Entities of a DTD are not
 * expanded. Extended XMP (a second packet in a JPEG, for more than 64 KB) is not read: keywords are in the first.
 */
export async function xmpKeywords(packet: Buffer): Promise<XmpKeywords> {
  const { SaxesParser } = await import('saxes');
  const found: XmpKeywords = { subjects: [], hierarchies: [] };
  const listOf = (uri: string, local: string) => {
    if (uri === DC && local === 'subject') return found.subjects;
    if (uri === LIGHTROOM && local === 'hierarchicalSubject') return found.hierarchies;
    return undefined;
  };
  const parser = new SaxesParser({
    xmlns: true,
    position: false,
    // Some writers forget the declarations.
    additionalNamespaces: { rdf: RDF, dc: DC, lr: LIGHTROOM },
  });
  /** The property that is open, its depth, and the text so far of each element open inside it. */
  let property: { list: string[]; depth: number; texts: string[] } | undefined;
  let depth = 0;
  let errors = 0;
  parser.on('error', () => {
    errors += 1;
    if (errors > MAX_ERRORS) throw new UnreadablePacket();
  });
  parser.on('opentag', ({ uri, local, attributes }) => {
    depth += 1;
    if (depth > MAX_DEPTH) throw new UnreadablePacket();
    if (property) {
      property.texts.push('');
      return;
    }
    for (const attribute of Object.values(attributes)) {
      listOf(attribute.uri, attribute.local)?.push(attribute.value);
    }
    const list = listOf(uri, local);
    if (list) property = { list, depth, texts: [''] };
  });
  const onText = (text: string) => {
    if (property) property.texts.push((property.texts.pop() ?? '') + text);
  };
  parser.on('text', onText);
  parser.on('cdata', onText);
  parser.on('closetag', ({ uri, local }) => {
    if (property) {
      const text = property.texts.pop() ?? '';
      const holdsValue = property.depth === depth || (uri === RDF && (local === 'li' || local === 'value'));
      if (holdsValue && text.trim() !== '') property.list.push(text);
      if (property.depth === depth) property = undefined;
    }
    depth -= 1;
  });
  const text = decodePacket(packet);
  try {
    // Not closed: a packet that was cut has nothing more to say, and closing would only report that.
    parser.write(text.slice(Math.max(text.indexOf('<'), 0), MAX_PACKET));
  } catch (error) {
    if (!(error instanceof UnreadablePacket)) throw error;
  }
  return found;
}

class UnreadablePacket extends Error {}

/** By byte order mark, or by where the zero byte of the first `<` is; XMP allows UTF-16 (ISO 16684-1, 7.3.2). */
function decodePacket(packet: Buffer): string {
  const [first, second] = packet;
  if ((first === 0xff && second === 0xfe) || (first === 0x3c && second === 0)) {
    return new TextDecoder('utf-16le').decode(packet);
  }
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c)) {
    return new TextDecoder('utf-16be').decode(packet);
  }
  return decodeText(packet);
}
