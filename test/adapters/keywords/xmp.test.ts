import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { xmpKeywords } from '../../../src/adapters/keywords/xmp.ts';
import { hierarchyBag, subjectBag, xmpPacket } from './metadata.ts';

const read = (packet: string) => xmpKeywords(Buffer.from(packet));
const subjects = async (packet: string) => (await read(packet)).subjects;
const swapped = (text: string) => Buffer.from(text, 'utf16le').swap16();

describe('xmpKeywords', () => {
  it('reads both properties, in their order', async () => {
    const packet = xmpPacket(subjectBag('dog', 'beach') + hierarchyBag('Animals|Dog', 'Places|Beach'));
    expect(await read(packet)).toEqual({
      subjects: ['dog', 'beach'],
      hierarchies: ['Animals|Dog', 'Places|Beach'],
    });
  });

  it.each([
    ['a sequence', xmpPacket('<dc:subject><rdf:Seq><rdf:li>dog</rdf:li></rdf:Seq></dc:subject>')],
    [
      'alternatives',
      xmpPacket('<dc:subject><rdf:Alt><rdf:li xml:lang="x-default">dog</rdf:li></rdf:Alt></dc:subject>'),
    ],
    ['a single value', xmpPacket('<dc:subject>dog</dc:subject>')],
    ['an attribute', xmpPacket('', 'dc:subject="dog"')],
    ['character data', xmpPacket(subjectBag('<![CDATA[dog]]>'))],
    ['text around a comment', xmpPacket(subjectBag('do<!-- c -->g'))],
    [
      'a qualified value',
      xmpPacket(
        '<dc:subject><rdf:Bag><rdf:li rdf:parseType="Resource"><rdf:value>dog</rdf:value>' +
          '<lr:note>not this</lr:note></rdf:li></rdf:Bag></dc:subject>',
      ),
    ],
    [
      'other prefixes',
      '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description>' +
        '<d:subject xmlns:d="http://purl.org/dc/elements/1.1/"><r:Bag><r:li>dog</r:li></r:Bag></d:subject>' +
        '</r:Description></r:RDF>',
    ],
    [
      'prefixes nobody declared',
      '<rdf:RDF><rdf:Description><dc:subject><rdf:Bag><rdf:li>dog</rdf:li></rdf:Bag></dc:subject>' +
        '</rdf:Description></rdf:RDF>',
    ],
    [
      'an XML declaration behind the packet header',
      `<?xpacket begin=""?><?xml version="1.0"?>${xmpPacket(subjectBag('dog'))}`,
    ],
    ['padding of NUL', `\0\0${xmpPacket(subjectBag('dog'))}${'\0'.repeat(100)}`],
  ])('reads %s', async (_, packet) => {
    expect(await read(packet)).toEqual({ subjects: ['dog'], hierarchies: [] });
  });

  it('joins what several descriptions say', async () => {
    const two = xmpPacket(`${subjectBag('dog')}</rdf:Description><rdf:Description>${subjectBag('cat')}`);
    expect(await subjects(two)).toEqual(['dog', 'cat']);
  });

  it("takes no other schema's subject", async () => {
    const packet = xmpPacket('<x:subject xmlns:x="urn:other">dog</x:subject><dc:title>cat</dc:title>');
    expect(await subjects(packet)).toEqual([]);
  });

  it.each([
    ['UTF-8 with a mark', (packet: string) => Buffer.from(`\ufeff${packet}`)],
    ['UTF-16LE', (packet: string) => Buffer.from(packet, 'utf16le')],
    ['UTF-16LE with a mark', (packet: string) => Buffer.from(`\ufeff${packet}`, 'utf16le')],
    ['UTF-16BE', (packet: string) => swapped(packet)],
    ['UTF-16BE with a mark', (packet: string) => swapped(`\ufeff${packet}`)],
  ])('decodes %s', async (_, encode) => {
    const packet = xmpPacket(subjectBag('Café 犬 🐕'));
    expect((await xmpKeywords(encode(packet))).subjects).toEqual(['Café 犬 🐕']);
  });

  it('decodes Latin-1, which is against the specification', async () => {
    const packet = Buffer.from(xmpPacket(subjectBag('Café')).replace('\ufeff', ''), 'latin1');
    expect((await xmpKeywords(packet)).subjects).toEqual(['Café']);
  });

  it('keeps what only looks like structure', async () => {
    const packet = xmpPacket(
      subjectBag('a|b', '&lt;script&gt; &amp;', 'two\nlines', 'x&#x202e;y', 'esc\x1b[31m'),
    );
    expect(await subjects(packet)).toEqual(['a|b', '<script> &', 'two\nlines', 'x\u202ey', 'esc\x1b[31m']);
  });

  it('gives what comes before the damage', async () => {
    const packet = xmpPacket(subjectBag('dog', 'beach'));
    expect(await subjects(packet.slice(0, packet.indexOf('beach') + 2))).toEqual(['dog']);
    expect(await subjects('no packet at all')).toEqual([]);
    expect(await subjects('')).toEqual([]);
  });

  it('does not expand entities', async () => {
    const entities = Array.from(
      { length: 9 },
      (_, level) => `<!ENTITY e${level + 1} "${`&e${level};`.repeat(10)}">`,
    );
    const bomb = `<!DOCTYPE x [<!ENTITY e0 "lol"><!ENTITY f SYSTEM "file:///etc/passwd">${entities.join('')}]>`;
    expect(
      await subjects(bomb + xmpPacket(subjectBag('&e9;', '&f;', 'dog')).replace(/<\?.*?\?>/g, '')),
    ).toEqual(['&e9;', '&f;', 'dog']);
  });

  // Each of these took some XML parser more than a second, or for ever; a test that hangs fails.
  it.each([
    ['deep elements', '<a>'.repeat(200_000)],
    ['deep elements that declare namespaces', '<a xmlns:n="u">'.repeat(200_000)],
    ['many attributes', `<a ${Array.from({ length: 100_000 }, (_, i) => `a${i}="1"`).join(' ')}/>`],
    ['an endless tag', '<a '.repeat(500_000)],
    ['angle brackets', '<'.repeat(1_000_000)],
    ['ampersands', '&'.repeat(1_000_000)],
    ['half an end of character data', `<a><![CDATA[${']'.repeat(1_000_000)}`],
    ['wrong end tags', `${'<a>'.repeat(50)}${'</b>'.repeat(200_000)}`],
    ['a long value', `<dc:subject>${'x'.repeat(8_000_000)}`],
  ])('is soon done with %s', async (_, content) => {
    expect(await subjects(xmpPacket(subjectBag('dog') + content))).toEqual(['dog']);
  });

  it('reads as far as four million characters', async () => {
    const history = (length: number) => `<lr:history>${'x'.repeat(length)}</lr:history>`;
    expect(await subjects(xmpPacket(history(4_000_000) + subjectBag('dog')))).toEqual(['dog']);
    expect(await subjects(xmpPacket(subjectBag('cat') + history(4_500_000) + subjectBag('dog')))).toEqual([
      'cat',
    ]);
  });

  it('survives any damage', async () => {
    const packet = Buffer.from(
      xmpPacket(subjectBag('dog', 'a|b') + hierarchyBag('Animals|Dog'), 'dc:subject="x"'),
    );
    const damage = fc.array(fc.tuple(fc.nat(packet.length - 1), fc.nat(255)), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(packet.length), async (changes, end) => {
        const damaged = Buffer.from(packet);
        for (const [at, value] of changes) damaged[at] = value;
        expect(Array.isArray((await xmpKeywords(damaged.subarray(0, end))).subjects)).toBe(true);
      }),
    );
  });
});
