#!/usr/bin/env node
/**
 * Draws the demo's images: `node demo/draw-samples.js [FOLDER]`, by default into demo/images. The same release of sharp
 * gives the same bytes every time. Keywords are really in the files (XMP, IPTC or both), as photo programs write them.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import * as animals from './samples/animals.js';
import { withIptc, xmpPacket } from './samples/embed.js';
import * as places from './samples/places.js';
import * as things from './samples/things.js';

/**
 * Relative path → drawing and keywords. Names hold what scripts stumble over: space, `&`, `+`, an accent, an emoji;
 * all are NFC and differ by more than case, so that they can be checked out on macOS.
 *
 * @type {Record<string, { draw: () => string, xmp?: { subjects?: string[], hierarchies?: string[] }, iptc?: string[], as?: string }>}
 */
const PICTURES = {
  'animals/dog on the beach.jpg': {
    draw: animals.dogOnBeach,
    xmp: { subjects: ['dog', 'beach', 'sea'], hierarchies: ['Animals|Dog', 'Places|Beach'] },
  },
  'animals/puppy.jpg': { draw: animals.puppy, xmp: { hierarchies: ['Animals|Dog|Puppy'] } },
  'animals/black dog in snow.jpg': {
    draw: animals.blackDogInSnow,
    xmp: { subjects: ['dog', 'snow', 'winter'] },
    iptc: ['dog', 'snow', 'winter'],
  },
  'animals/cat on sofa.jpg': { draw: animals.catOnSofa, iptc: ['cat', 'sofa'] },
  'animals/cat & dog.jpg': {
    draw: animals.catAndDog,
    xmp: { subjects: ['cat', 'dog'], hierarchies: ['Animals|Cat', 'Animals|Dog'] },
    iptc: ['cat', 'dog', 'friends'],
  },
  'animals/kätzchen.jpg': {
    draw: animals.kitten,
    xmp: { subjects: ['Kätzchen'], hierarchies: ['Animals|Cat|Kitten'] },
  },
  'animals/horse.jpg': {
    draw: animals.horse,
    xmp: { subjects: ['horse', 'meadow'], hierarchies: ['Animals|Horse'] },
  },
  'animals/🐠 aquarium.png': {
    draw: animals.fish,
    xmp: { subjects: ['aquarium'], hierarchies: ['Animals|Fish'] },
  },
  'animals/bird.webp': {
    draw: animals.bird,
    xmp: { subjects: ['bird', 'tree'], hierarchies: ['Animals|Bird'] },
  },
  'animals/duck+pond.jpg': { draw: animals.duck, iptc: ['duck', 'pond', 'bird'] },

  'places/sunset over the sea.jpg': { draw: places.sunset, xmp: { subjects: ['sunset', 'sea', 'evening'] } },
  'places/forest.jpg': {
    draw: places.forest,
    xmp: { subjects: ['forest', 'tree'], hierarchies: ['Places|Forest'] },
  },
  'places/snow mountain.jpg': {
    draw: places.mountain,
    xmp: { subjects: ['mountain', 'snow', 'winter'], hierarchies: ['Places|Mountain'] },
  },
  'places/city at night.jpg': { draw: places.cityAtNight, iptc: ['city', 'night'] },
  'places/café.jpg': {
    draw: places.cafe,
    xmp: { subjects: ['café', 'coffee'], hierarchies: ['Places|City'] },
    iptc: ['café', 'city'],
  },
  'places/island.avif': { draw: places.island, xmp: { subjects: ['island', 'beach', 'sea'] } },
  'places/lighthouse.tif': { draw: places.lighthouse, xmp: { subjects: ['lighthouse', 'sea'] } },
  'places/desert.jpg': { draw: places.desert },
  'places/northern lights.jpg': { draw: places.northernLights },

  'things/red car.jpg': { draw: things.redCar, xmp: { subjects: ['car'], hierarchies: ['Vehicles|Car'] } },
  'things/bicycle.jpg': { draw: things.bicycle, xmp: { hierarchies: ['Vehicles|Bicycle'] } },
  'things/sailboat.jpg': {
    draw: things.sailboat,
    xmp: { subjects: ['boat', 'sea'], hierarchies: ['Vehicles|Boat'] },
    iptc: ['boat', 'sea', 'summer'],
  },
  'things/flowers.jpg': { draw: things.flowers, iptc: ['flower', 'garden', 'summer'] },
  'things/fruit.jpg': {
    draw: things.fruit,
    xmp: { subjects: ['apple', 'orange', 'banana'], hierarchies: ['Food|Fruit'] },
  },
  // A PNG by content: the extension lies.
  'things/coffee.jpg': { draw: things.coffee, as: 'png', xmp: { subjects: ['coffee', 'cup'] } },
  'things/balloon.gif': { draw: things.balloon },
  'things/gift.png': { draw: things.gift },
};

/** How each format is encoded: small, and the same on every processor. */
const ENCODINGS = {
  jpg: (/** @type {sharp.Sharp} */ image) => image.flatten({ background: '#fff' }).jpeg({ quality: 82 }),
  png: (/** @type {sharp.Sharp} */ image) =>
    image.flatten({ background: '#fff' }).png({ palette: true, colours: 64 }),
  webp: (/** @type {sharp.Sharp} */ image) => image.flatten({ background: '#fff' }).webp({ quality: 80 }),
  gif: (/** @type {sharp.Sharp} */ image) => image.gif({ colours: 32 }),
  avif: (/** @type {sharp.Sharp} */ image) => image.flatten({ background: '#fff' }).avif({ quality: 55 }),
  tif: (/** @type {sharp.Sharp} */ image) =>
    image.flatten({ background: '#fff' }).tiff({ compression: 'jpeg', quality: 82 }),
};

/** @param {string} name @param {(typeof PICTURES)[string]} picture */
async function encode(name, { draw, xmp, iptc, as = name.slice(name.lastIndexOf('.') + 1) }) {
  const image = sharp(Buffer.from(draw()));
  const encoded = ENCODINGS[/** @type {keyof typeof ENCODINGS} */ (as)](image);
  const bytes = await (xmp ? encoded.withXmp(xmpPacket(xmp)) : encoded).toBuffer();
  return iptc ? withIptc(bytes, iptc) : bytes;
}

/** What no labeler can make sense of. */
async function brokenFiles() {
  const whole = await encode('forest.jpg', { draw: places.forest, xmp: { subjects: ['forest'] } });
  return {
    'broken/truncated.jpg': whole.subarray(0, whole.length / 2),
    'broken/empty.jpg': Buffer.alloc(0),
    'broken/old scan.bmp': bitmap(),
    'broken/notes.txt': Buffer.from('The dog is asleep. This is a text, not a picture of one.\n'),
  };
}

/** A Windows bitmap of 16 × 16 green pixels. */
function bitmap() {
  const side = 16;
  const header = Buffer.alloc(54);
  const pixels = Buffer.alloc(side * side * 3, Buffer.from([0x40, 0xa0, 0x30]));
  header.write('BM', 'latin1');
  header.writeUInt32LE(header.length + pixels.length, 2);
  header.writeUInt32LE(header.length, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(side, 18);
  header.writeInt32LE(side, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(24, 28);
  header.writeUInt32LE(pixels.length, 34);
  return Buffer.concat([header, pixels]);
}

/**
 * Writes all files below a folder and gives their names.
 *
 * @param {string} folder
 */
export async function drawSamples(folder) {
  const files = { ...(await brokenFiles()) };
  for (const [name, picture] of Object.entries(PICTURES)) files[name] = await encode(name, picture);
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(join(folder, dirname(name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  return Object.keys(files);
}

if (import.meta.filename === process.argv[1]) {
  await drawSamples(process.argv[2] ?? join(import.meta.dirname, 'images'));
}
