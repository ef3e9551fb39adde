import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createKeywordsLabeler } from '../../../src/adapters/keywords/labeler.ts';
import { RetryableError, SystemicError } from '../../../src/runtime/errors.ts';
import {
  dataset,
  hierarchyBag,
  iimKeywords,
  imageResource,
  photoshopBlock,
  subjectBag,
  withIptc,
  withSegment,
  xmpPacket,
} from './metadata.ts';

const labeler = createKeywordsLabeler();

function detect(bytes: Buffer, by = labeler) {
  const head = { etag: 'e', size: bytes.length, lastModified: 0 };
  return by.detect({ bucket: '/photos', key: 'a.jpg', head, bytes: async () => bytes });
}

async function labels(bytes: Buffer, by = labeler) {
  const answer = await detect(bytes, by);
  if ('refusal' in answer) throw new Error(`refused: ${answer.refusal}, ${answer.detail}`);
  return Object.fromEntries(answer.labels.map(({ name, confidence }) => [name, confidence]));
}

/** Left three quarters red, the rest blue, unless drawn otherwise. */
const draw = (left = '#d01010', right = '#1010d0', { width = 400, height = 300 } = {}) =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
        `<rect width="75%" height="100%" fill="${left}"/>` +
        `<rect x="75%" width="25%" height="100%" fill="${right}"/></svg>`,
    ),
  );

const flattened = () => draw().removeAlpha();
const packet = xmpPacket(subjectBag('dog') + hierarchyBag('Places|Beach'));

describe('labels', () => {
  const formats = {
    JPEG: () => flattened().jpeg(),
    'progressive JPEG': () => flattened().jpeg({ progressive: true }),
    PNG: () => flattened().png(),
    'PNG with a palette': () => flattened().png({ palette: true }),
    TIFF: () => flattened().tiff({ compression: 'lzw' }),
    'tiled TIFF': () => flattened().tiff({ tile: true, pyramid: true, compression: 'jpeg' }),
    WebP: () => flattened().webp(),
    AVIF: () => flattened().avif(),
    'CMYK JPEG': () => flattened().toColourspace('cmyk').jpeg(),
    'CMYK TIFF': () => flattened().toColourspace('cmyk').tiff(),
    '16-bit PNG': () => flattened().toColourspace('rgb16').png(),
  };

  it.each(Object.entries(formats))('%s: keywords and colours', async (_, encode) => {
    const found = await labels(await encode().withXmp(packet).toBuffer());
    expect(found).toMatchObject({ dog: 100, Beach: 100 });
    expect(found.Red).toBeGreaterThan(70);
    expect(found.Blue).toBeGreaterThan(20);
    expect(Object.keys(found)).toHaveLength(4);
  });

  it('GIF: colours; it carries no XMP that libvips reads', async () => {
    expect(Object.keys(await labels(await draw().gif().withXmp(packet).toBuffer()))).toEqual(['Red', 'Blue']);
  });

  it('an animation by its first frame', async () => {
    const frames = await Promise.all(
      ['#d01010', '#10a010'].map((colour) => draw(colour, colour).removeAlpha().png().toBuffer()),
    );
    for (const animation of [
      sharp(frames, { join: { animated: true } }).gif(),
      sharp(frames, { join: { animated: true } }).webp(),
    ]) {
      expect(await labels(await animation.toBuffer())).toEqual({ Red: 100 });
    }
  });

  it('IPTC in a JPEG and in a TIFF', async () => {
    const jpeg = await flattened().jpeg().toBuffer();
    expect(await labels(withIptc(jpeg, iimKeywords('Straße')))).toMatchObject({ Straße: 100 });
    const latin1 = dataset(2, 25, Buffer.from('Straße', 'latin1'));
    expect(await labels(withIptc(jpeg, latin1))).toMatchObject({ Straße: 100 });
    expect(await labels(tiffWithIptc(iimKeywords('dog', 'beach')))).toMatchObject({ dog: 100, beach: 100 });
  });

  it('parents with a keyword, the category with a colour', async () => {
    const answer = await detect(await flattened().jpeg().withXmp(packet).toBuffer());
    expect(answer).toMatchObject({
      labels: [
        { name: 'Beach', confidence: 100, parents: ['Places'] },
        { name: 'dog', confidence: 100 },
        { name: 'Red', categories: ['Color'] },
        { name: 'Blue', categories: ['Color'] },
      ],
    });
  });

  it.each([
    [
      'grayscale JPEG',
      () => draw('#808080', '#fff').removeAlpha().grayscale().jpeg(),
      { Gray: 75, White: 25 },
    ],
    [
      '16-bit grayscale PNG',
      () => draw('#808080', '#fff').removeAlpha().toColourspace('grey16').png(),
      { Gray: 75, White: 25 },
    ],
    [
      'bilevel TIFF',
      () => draw('#000', '#fff').removeAlpha().threshold().tiff({ bitdepth: 1 }),
      { Black: 75, White: 25 },
    ],
    ['transparent PNG', () => draw('transparent', '#1010d0').png(), { Blue: 100 }],
    ['transparent grayscale PNG', () => draw('transparent', '#fff').grayscale().png(), { White: 100 }],
    ['transparent GIF', () => draw('transparent', '#1010d0').gif(), { Blue: 100 }],
    ['wholly transparent WebP', () => draw('transparent', 'transparent').webp(), {}],
    ['single pixel', () => draw('#10a010', '#10a010', { width: 1, height: 1 }).png(), { Green: 100 }],
    [
      'single row',
      () => draw('#10a010', '#10a010', { width: 5000, height: 1 }).removeAlpha().jpeg(),
      { Green: 100 },
    ],
  ])('%s', async (_, encode, expected) => {
    const found = await labels(await encode().toBuffer());
    expect(Object.keys(found)).toEqual(Object.keys(expected));
    for (const [name, share] of Object.entries(expected))
      expect(Math.abs((found[name] ?? 0) - share)).toBeLessThan(3);
  });

  it.each([16, 400])('without colours that only borders have, %i pixels wide', async (width) => {
    const stripes = [0, 0.5].map((x) => `<rect x="${x * width}" width="25%" height="100%" fill="#343434"/>`);
    const drawing =
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${width}">` +
      `<rect width="100%" height="100%" fill="#fff"/>${stripes.join('')}</svg>`;
    const found = await labels(
      await sharp(Buffer.from(drawing)).png().toBuffer(),
      createKeywordsLabeler({ labelFloor: 0 }),
    );
    expect(found).toEqual({ Gray: 50, White: 50 });
  });

  it('the same whatever way up the camera was', async () => {
    const upright = await flattened().jpeg().toBuffer();
    const turned = await flattened().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await labels(turned)).toEqual(await labels(upright));
  });

  it('by content, not by name', async () => {
    expect(await labels(await flattened().png().withXmp(packet).toBuffer())).toMatchObject({ dog: 100 });
  });

  it('no more than allowed, the surest first; no colour below the floor', async () => {
    const bytes = await flattened().jpeg().withXmp(packet).toBuffer();
    expect(Object.keys(await labels(bytes, createKeywordsLabeler({ maxLabels: 3 })))).toEqual([
      'Beach',
      'dog',
      'Red',
    ]);
    expect(Object.keys(await labels(bytes, createKeywordsLabeler({ labelFloor: 50 })))).toEqual([
      'Beach',
      'dog',
      'Red',
    ]);
  });

  it('in spite of metadata that makes no sense', async () => {
    const jpeg = await flattened().jpeg().toBuffer();
    const noise = withSegment(
      withSegment(jpeg, 0xed, Buffer.from('Photoshop 3.0\x008BIM\x04\x04')),
      0xe1,
      Buffer.from('http://ns.adobe.com/xap/1.0/\0<<<'),
    );
    expect(Object.keys(await labels(noise))).toEqual(['Red', 'Blue']);
  });

  it('in spite of a resource block before the one that matters', async () => {
    const jpeg = await flattened().jpeg().toBuffer();
    const block = photoshopBlock(
      imageResource(0x0425, Buffer.alloc(16)),
      imageResource(0x0404, iimKeywords('dog')),
    );
    expect(await labels(withSegment(jpeg, 0xed, block))).toMatchObject({ dog: 100 });
  });
});

describe('refusals', () => {
  it('empty', async () => {
    expect(await detect(Buffer.alloc(0))).toMatchObject({ refusal: 'empty' });
  });

  it.each(['jpeg', 'png', 'tiff', 'webp', 'gif', 'avif'] as const)(
    'a truncated %s is corrupt',
    async (format) => {
      const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
      const created = { width: 200, height: 200, channels: 3, background: '#888', noise } as const;
      const whole = await sharp({ create: created }).toFormat(format).toBuffer();
      expect(await detect(whole)).toHaveProperty('labels');
      for (const share of [0.1, 0.5, 0.95]) {
        const answer = await detect(whole.subarray(0, whole.length * share));
        expect(answer).toMatchObject({ refusal: 'corrupt', detail: expect.stringMatching(/^[^\n]+$/) });
      }
    },
  );

  it('a JPEG that is only a header is corrupt', async () => {
    expect(await detect(Buffer.from([0xff, 0xd8]))).toMatchObject({ refusal: 'corrupt' });
  });

  it.each([
    ['text', Buffer.from('not an image'), 'no image'],
    ['one byte', Buffer.from('x'), 'no image'],
    ['a bitmap', Buffer.from('BM\x36\0\0\0'), 'BMP'],
    ['a PDF', Buffer.from('%PDF-1.7'), 'PDF'],
    [
      'a drawing, which could name other files',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      'no image',
    ],
    ['HEIC', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic'), 'HEIC'],
    ['HEIF by its general brand', Buffer.from('\0\0\0\x14ftypmif1\0\0\0\0mif1'), 'HEIC'],
    ['a video', Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isommp41'), 'no image'],
  ])('%s is no format that is read', async (_, bytes, detail) => {
    expect(await detect(bytes)).toMatchObject({ refusal: 'format', detail: expect.stringContaining(detail) });
  });

  it('AVIF is told from HEIC by any of its brands', async () => {
    const avif = await flattened().avif().toBuffer();
    avif.write('mif1', 8, 'latin1');
    expect(await detect(avif)).toHaveProperty('labels');
  });

  it('too many pixels, or too many bytes', async () => {
    const png = await draw().png().toBuffer();
    png.writeUInt32BE(15_000, 16);
    png.writeUInt32BE(15_000, 20);
    png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
    expect(await detect(png)).toMatchObject({ refusal: 'too-large', detail: 'more than 200 megapixels' });
    const oversized = Object.defineProperty(Buffer.alloc(1), 'length', { value: labeler.maxBytes + 1 });
    expect(await detect(oversized)).toMatchObject({ refusal: 'too-large' });
  });
});

describe('faults that are not the image', () => {
  /** The labeler over another sharp. */
  async function labelerOver(mock: () => Record<string, unknown>) {
    vi.resetModules();
    vi.doMock('sharp', mock);
    onTestFinished(() => {
      vi.doUnmock('sharp');
      vi.resetModules();
    });
    return (await import('../../../src/adapters/keywords/labeler.ts')).createKeywordsLabeler();
  }

  it('memory that is missing may be there later', async () => {
    const exhausted = () => ({
      metadata: () => Promise.reject(new Error('vips_tracked: out of memory --size == 48MB')),
    });
    const over = await labelerOver(() => ({
      default: Object.assign(exhausted, { concurrency: () => 1, cache: () => ({}) }),
    }));
    const jpeg = await flattened().jpeg().toBuffer();
    await expect(detect(jpeg, over)).rejects.toMatchObject({ name: RetryableError.name, throttled: false });
  });

  it('a missing native binary stops the run and says what to do', async () => {
    const over = await labelerOver(() => {
      throw new Error('Could not load the "sharp" module using the linux-x64 runtime');
    });
    await expect(detect(await flattened().jpeg().toBuffer(), over)).rejects.toMatchObject({
      name: SystemicError.name,
      code: 'sharp-missing',
      suggestions: [expect.stringContaining('--include=optional'), expect.anything()],
    });
  });

  it('an image that could not be read is not refused', async () => {
    const head = { etag: 'e', size: 1, lastModified: 0 };
    const gone = new Error('gone');
    const ref = { bucket: '/photos', key: 'a.jpg', head, bytes: () => Promise.reject(gone) };
    await expect(labeler.detect(ref)).rejects.toBe(gone);
  });

  it('a call that was given up is not answered', async () => {
    const head = { etag: 'e', size: 1, lastModified: 0 };
    const ref = { bucket: '/photos', key: 'a.jpg', head, bytes: async () => Buffer.alloc(0) };
    await expect(labeler.detect(ref, AbortSignal.abort())).rejects.toThrow(/abort/i);
  });
});

describe('createKeywordsLabeler', () => {
  it('names what its labels depend on', () => {
    expect(labeler.labeling).toEqual({
      labeler: 'keywords',
      revision: 1,
      labelFloor: 5,
      maxLabels: 100,
      include: [],
      exclude: [],
    });
    expect(
      createKeywordsLabeler({ labelFloor: 1, maxLabels: 2, include: ['a'], exclude: ['b'] }).labeling,
    ).toEqual({
      labeler: 'keywords',
      revision: 1,
      labelFloor: 1,
      maxLabels: 2,
      include: ['a'],
      exclude: ['b'],
    });
  });

  it('costs nothing and is limited by nothing', async () => {
    expect(await labeler.budget()).toBe(Number.POSITIVE_INFINITY);
    expect(labeler.callPrice).toBe(0);
  });

  it('names only formats that are read', () => {
    expect([...labeler.formats]).toEqual([
      '.jpg',
      '.jpeg',
      '.png',
      '.tif',
      '.tiff',
      '.webp',
      '.gif',
      '.avif',
    ]);
  });

  it('loads no native code until an image is read', async () => {
    const sources = await Promise.all(
      ['labeler', 'decoder', 'keywords', 'sample', 'xmp', 'iptc'].map((name) =>
        readFile(new URL(`../../../src/adapters/keywords/${name}.ts`, import.meta.url), 'utf8'),
      ),
    );
    for (const source of sources) expect(source).not.toMatch(/^import (?!type).*'(sharp|saxes)'/m);
  });
});

/** A one-pixel TIFF with an IPTC tag (33723), whose type is UNDEFINED as in the TIFF/EP standard. */
function tiffWithIptc(iim: Buffer): Buffer {
  const entries = [
    [256, 4, 1, 1],
    [257, 4, 1, 1],
    [258, 3, 1, 8],
    [262, 3, 1, 1],
    [273, 4, 1, 8],
    [277, 3, 1, 1],
    [278, 4, 1, 1],
    [279, 4, 1, 1],
    [33723, 7, iim.length, 10 + 2 + 9 * 12 + 4],
  ];
  const directory = Buffer.alloc(10 + 2 + entries.length * 12 + 4);
  directory.write('II*\0', 'latin1');
  directory.writeUInt32LE(10, 4);
  directory.writeUInt16LE(entries.length, 10);
  entries.forEach(([tag = 0, type = 0, count = 0, value = 0], index) => {
    const at = 12 + index * 12;
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(type, at + 2);
    directory.writeUInt32LE(count, at + 4);
    directory.writeUInt32LE(value, at + 8);
  });
  return Buffer.concat([directory, iim]);
}

/** CRC-32 as PNG uses it (zlib's own needs Node 22). */
function crc32(bytes: Buffer): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
