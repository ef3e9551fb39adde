import sharp from 'sharp';

interface Size {
  width?: number;
  height?: number;
}

const plain = ({ width = 100, height = 100 }: Size = {}) =>
  sharp({ create: { width, height, channels: 3, background: '#888' } });

/** XMP as photo programs write it; `Animal|Dog` becomes a hierarchy. */
function packet(keywords: readonly string[]): string {
  const bag = (name: string, items: readonly string[]) =>
    `<${name}><rdf:Bag>${items.map((item) => `<rdf:li>${item}</rdf:li>`).join('')}</rdf:Bag></${name}>`;
  const isPath = (keyword: string) => keyword.includes('|');
  return `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:lr="http://ns.adobe.com/lightroom/1.0/">${bag(
    'dc:subject',
    keywords.filter((keyword) => !isPath(keyword)),
  )}${bag('lr:hierarchicalSubject', keywords.filter(isPath))}</rdf:Description></rdf:RDF></x:xmpmeta>`;
}

/** A grey JPEG with these keywords. */
export const jpeg = (keywords: readonly string[] = [], size?: Size): Promise<Buffer> =>
  plain(size).withXmp(packet(keywords)).jpeg().toBuffer();

export const png = (size?: Size): Promise<Buffer> => plain(size).png().toBuffer();

/** Exactly so many bytes, as a JPEG is still whole with anything behind its end. */
export async function jpegOf(bytes: number): Promise<Buffer> {
  const picture = await jpeg(['Padded']);
  return Buffer.concat([picture, Buffer.alloc(bytes - picture.length)]);
}

/** Noise does not compress: a picture of 2,000 × 2,000 has about 8 MB. */
export const noise = (size: Size): Promise<Buffer> =>
  sharp({
    create: {
      width: size.width ?? 100,
      height: size.height ?? 100,
      channels: 3,
      background: '#888',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
    .jpeg({ quality: 100 })
    .toBuffer();

/** The kinds of pictures that people have, by what is special about them. */
export const KINDS: Readonly<Record<string, () => Promise<Buffer>>> = {
  'a JPEG': () => jpeg(),
  'a PNG': () => png(),
  'a progressive JPEG': () => plain().jpeg({ progressive: true }).toBuffer(),
  'a CMYK JPEG': () => plain().toColourspace('cmyk').jpeg().toBuffer(),
  'a 16-bit PNG': () => plain().toColourspace('rgb16').png().toBuffer(),
  'a JPEG named .png, or the other way round': () => png(),
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 8].map((orientation) => [
      `EXIF orientation ${orientation}`,
      () => plain({ width: 120 }).withMetadata({ orientation }).jpeg().toBuffer(),
    ]),
  ),
  '80 pixels': () => jpeg([], { width: 80, height: 80 }),
  '10,000 pixels': () => jpeg([], { width: 10_000, height: 80 }),
};

/** Pictures that Rekognition does not take, with what it says. */
export const REFUSED: Readonly<Record<string, { picture: () => Promise<Buffer>; error: string }>> = {
  'a JPEG cut off': {
    picture: async () => (await noise({ width: 200, height: 200 })).subarray(0, 20_000),
    error: 'InvalidImageFormatException',
  },
  'a JPEG cut off in its header': {
    picture: async () => (await jpeg()).subarray(0, 100),
    error: 'InvalidImageFormatException',
  },
  'a PNG cut off': {
    picture: async () => (await png()).subarray(0, -10),
    error: 'InvalidImageFormatException',
  },
  'a WebP named .jpg': {
    picture: () => plain().webp().toBuffer(),
    error: 'InvalidImageFormatException',
  },
  'a text named .jpg': {
    picture: async () => Buffer.from('no picture at all'),
    error: 'InvalidImageFormatException',
  },
  '79 pixels': {
    picture: () => jpeg([], { width: 500, height: 79 }),
    error: 'InvalidParameterException',
  },
  '10,001 pixels': {
    picture: () => jpeg([], { width: 10_001, height: 100 }),
    error: 'ImageTooLargeException',
  },
};
