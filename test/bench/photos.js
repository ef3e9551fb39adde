// Photos for the benchmarks, made once into the project's cache folder.
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

const CACHE = join(import.meta.dirname, '../../.cache');

/** Files older than rekback's doubt about fresh ones; epoch seconds. */
const OLD = 1_700_000_000;

/** Different pictures that the photos are made from. */
const MOTIFS = 24;

const XMP = (
  words,
) => `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:subject><rdf:Bag>${words
  .map((word) => `<rdf:li>${word}</rdf:li>`)
  .join('')}</rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>`;

/** A JPEG of gradients and shapes that compresses about as a photo does, with three keywords. */
function motif(number, width, height) {
  const hue = (number * 47) % 360;
  const shapes = Array.from({ length: 60 }, (_, at) => {
    const x = (at * 131 + number * 53) % 100;
    const y = (at * 71 + number * 29) % 100;
    return `<circle cx="${x}%" cy="${y}%" r="${3 + ((at * number) % 12)}%" fill="hsl(${(hue + at * 11) % 360} 60% ${20 + ((at * 7) % 60)}%)"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="hsl(${hue} 50% 50%)"/>${shapes.join('')}</svg>`;
  return sharp(Buffer.from(svg))
    .withXmp(XMP([`Motif ${number}`, `Group ${number % 5}`, 'Photo']))
    .jpeg({ quality: 85 })
    .toBuffer();
}

/** The same picture with another content: a comment segment after the start of the image. */
function withComment(jpeg, text) {
  const comment = Buffer.from(text);
  const head = Buffer.from([0xff, 0xfe, 0, comment.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), head, comment, jpeg.subarray(2)]);
}

/**
 * A folder of that many JPEGs, 500 to a subfolder.
 * @param distinct every file has a content of its own; otherwise all are copies of a few
 */
export async function madePhotos({ count, width, height, distinct }) {
  const folder = join(CACHE, `photos-${count}-${width}x${height}${distinct ? '' : '-copies'}`);
  if (existsSync(folder)) return folder;
  const part = `${folder}.part`;
  await rm(part, { recursive: true, force: true });
  const motifs = await Promise.all(
    Array.from({ length: MOTIFS }, (_, number) => motif(number, width, height)),
  );
  for (let number = 0; number < count; number++) {
    const inside = join(part, String(Math.floor(number / 500)).padStart(4, '0'));
    if (number % 500 === 0) await mkdir(inside, { recursive: true });
    const path = join(inside, `photo-${number}.jpg`);
    const jpeg = motifs[number % MOTIFS];
    await writeFile(path, distinct ? withComment(jpeg, `photo ${number}`) : jpeg);
    await utimes(path, OLD, OLD);
  }
  await rename(part, folder);
  return folder;
}
