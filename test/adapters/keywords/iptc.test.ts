import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { iptcKeywords } from '../../../src/adapters/keywords/iptc.ts';
import { dataset, iimKeywords, imageResource, photoshopBlock, UTF_8_MARKER } from './metadata.ts';

describe('iptcKeywords', () => {
  it('reads bare datasets, as TIFF has them', () => {
    const block = Buffer.concat([
      dataset(2, 5, 'A title'),
      dataset(2, 25, 'dog'),
      dataset(2, 80, 'By-line'),
      dataset(2, 25, 'beach'),
    ]);
    expect(iptcKeywords(block)).toEqual(['dog', 'beach']);
  });

  it("finds the block among Photoshop's resources", () => {
    const block = photoshopBlock(
      imageResource(0x03ed, Buffer.alloc(15)),
      imageResource(0x040c, Buffer.alloc(8), 'thumb'),
      imageResource(0x0404, iimKeywords('dog', 'beach'), 'even'),
      imageResource(0x0425, Buffer.alloc(16)),
    );
    expect(iptcKeywords(block)).toEqual(['dog', 'beach']);
  });

  it('finds nothing where the resources hold no IPTC', () => {
    expect(iptcKeywords(photoshopBlock(imageResource(0x03ed, iimKeywords('dog'))))).toEqual([]);
  });

  it.each([
    ['announced as UTF-8', [UTF_8_MARKER, dataset(2, 25, 'Café 犬')], 'Café 犬'],
    ['UTF-8 that is not announced', [dataset(2, 25, 'Café 犬')], 'Café 犬'],
    ['Latin-1', [dataset(2, 25, Buffer.from('Café', 'latin1'))], 'Café'],
    ['Windows-1252', [dataset(2, 25, Buffer.from('Mum\x92s \x80', 'latin1'))], 'Mum’s €'],
    [
      'announced as Latin-1',
      [dataset(1, 90, '\x1b.A'), dataset(2, 25, Buffer.from('Café', 'latin1'))],
      'Café',
    ],
    ['damaged UTF-8', [UTF_8_MARKER, dataset(2, 25, Buffer.from('Caf\xe9s', 'latin1'))], 'Caf\ufffds'],
  ])('decodes %s', (_, datasets, keyword) => {
    expect(iptcKeywords(Buffer.concat(datasets))).toEqual([keyword]);
  });

  it('keeps control characters, separators and newlines', () => {
    const hostile = '\x1b[31mred\x07|a\nb\0c\u202e';
    expect(iptcKeywords(iimKeywords(hostile, ''))).toEqual([hostile, '']);
  });

  it('gives what comes before the damage', () => {
    const whole = iimKeywords('dog', 'beach');
    expect(iptcKeywords(whole.subarray(0, whole.length - 2))).toEqual(['dog', 'bea']);
    expect(iptcKeywords(Buffer.concat([iimKeywords('dog'), Buffer.from('noise')]))).toEqual(['dog']);
    const extended = Buffer.from([0x1c, 2, 25, 0x80, 4, 0xff, 0xff, 0xff, 0xff]);
    expect(iptcKeywords(Buffer.concat([iimKeywords('dog'), extended, iimKeywords('cat')]))).toEqual(['dog']);
  });

  it('survives any bytes', () => {
    const wraps = [(block: Buffer) => block, (block: Buffer) => photoshopBlock(imageResource(0x0404, block))];
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom(...wraps),
        fc.nat(220),
        (noise, wrap, cut) => {
          const block = wrap(Buffer.concat([iimKeywords('dog'), noise])).subarray(0, cut);
          expect(Array.isArray(iptcKeywords(block))).toBe(true);
          expect(Array.isArray(iptcKeywords(Buffer.concat([Buffer.from('8BIM'), noise])))).toBe(true);
        },
      ),
    );
  });
});
