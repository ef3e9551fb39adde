import { PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Answer } from '../../../src/runtime/contract.ts';
import { decide } from '../../../src/runtime/image/decide.ts';
import type { World } from '../../aws/kernel/world.ts';
import { jpeg, jpegOf, KINDS, noise, png, REFUSED } from '../../aws/rekognition/pictures.ts';
import { rekognitionIn } from '../../aws/rekognition/service.ts';
import type { SeenImage } from '../../aws/rekognition/state.ts';
import { startWorld } from '../../aws/world.ts';
import { givenImages } from './given.ts';

let world: World;
let given: Awaited<ReturnType<typeof givenImages>>;
beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  given = await givenImages(world);
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const MIB = 2 ** 20;

/** What the service was shown. */
function seen(): SeenImage[] {
  const images: SeenImage[] = [];
  rekognitionIn(world).answer((image) => {
    images.push(image);
    return [{ Name: 'Dog', Confidence: 90 }];
  });
  return images;
}

describe('every class of image has one outcome, from S3 and from a folder', () => {
  it.each(Object.entries(KINDS))('%s is labelled', async (_, picture) => {
    const bytes = await picture();
    await given.put('a.jpg', bytes);
    for (const answer of [await given.detect('a.jpg'), await given.detectBytes(bytes)])
      expect(answer).toEqual({ labels: [], model: '3.0' });
  });

  const outcomes: Record<keyof typeof REFUSED, { refusal: string; folder?: string; calls: number }> = {
    'a JPEG cut off': { refusal: 'corrupt', calls: 2 },
    'a JPEG cut off in its header': { refusal: 'corrupt', calls: 2 },
    'a PNG cut off': { refusal: 'corrupt', calls: 2 },
    'a WebP named .jpg': { refusal: 'format', calls: 1 },
    'a text named .jpg': { refusal: 'format', calls: 1 },
    '79 pixels': { refusal: 'too-small', calls: 1 },
    // A folder's image is made smaller.
    '10,001 pixels': { refusal: 'too-large', folder: 'labels', calls: 2 },
  };
  it.each(Object.entries(outcomes))('%s', async (name, { refusal, folder = refusal, calls }) => {
    const bytes = await REFUSED[name]?.picture();
    if (bytes === undefined) throw new Error(`there is no picture of ${name}`);
    await given.put('a.jpg', bytes);
    const outcomeOf = (answer: Answer) => ('refusal' in answer ? answer.refusal : 'labels');
    expect(outcomeOf(await given.detect('a.jpg'))).toBe(refusal);
    expect(outcomeOf(await given.detectBytes(bytes))).toBe(folder);
    expect(given.calls()).toBe(calls);
  });

  it('an empty one', async () => {
    expect(await given.detectBytes(Buffer.alloc(0))).toMatchObject({ refusal: 'empty' });
    expect(given.calls()).toBe(0);
  });
});

describe('size', () => {
  const answerTo = async (key: string, maxBytes: number) => {
    const policy = {
      bucket: 'photos',
      labeling: given.byObject.labeling,
      relabel: 'none',
      run: 'r',
      maxBytes,
      etagIsContent: false,
    } as const;
    const change = { kind: 'seen', key, order: '', row: 0 } as const;
    return decide(
      { change, known: null, head: (await given.images.head(key)) ?? null, observedAt: 0 },
      policy,
    );
  };

  it('15 MB from S3; one byte more costs no call', async () => {
    await given.put('most.jpg', await jpegOf(15 * MIB));
    await given.put('more.jpg', await jpegOf(15 * MIB + 1));
    expect(await answerTo('most.jpg', given.byObject.maxBytes)).toMatchObject({ step: 'label' });
    expect(await given.detect('most.jpg')).toMatchObject({ labels: [{ name: 'Padded' }] });
    expect(await answerTo('more.jpg', given.byObject.maxBytes)).toMatchObject({
      outcome: { outcome: 'failed', reason: 'too-large' },
    });
  });

  it('5 MB of a file as they are, more as a smaller picture', async () => {
    const shown = seen();
    const most = await jpegOf(5 * MIB);
    await given.detectBytes(most);
    expect(shown[0]?.bytes.equals(most)).toBe(true);
    const large = await noise({ width: 2_400, height: 1_800 });
    expect(large.length).toBeGreaterThan(5 * MIB);
    expect(await given.detectBytes(large)).toMatchObject({ labels: [{ name: 'Dog' }] });
    const sent = shown[1]?.bytes ?? Buffer.alloc(0);
    const { width = 0, height = 1, format } = await sharp(sent).metadata();
    expect([format, (width / height).toFixed(2)]).toEqual(['jpeg', '1.33']);
    expect(sent.length).toBeLessThanOrEqual(5 * MIB);
  });

  it('a smaller picture is upright, opaque and 8 bits deep', async () => {
    const shown = seen();
    const halves = await sharp({ create: { width: 11_000, height: 400, channels: 4, background: '#f000' } })
      .composite([
        {
          input: { create: { width: 5_500, height: 400, channels: 3, background: '#00f' } },
          gravity: 'west',
        },
      ])
      .withMetadata({ orientation: 6 })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    await given.detectBytes(halves);
    const sent = sharp(shown[0]?.bytes ?? Buffer.alloc(0));
    const { width = 0, height = 0, channels, depth, orientation } = await sent.metadata();
    expect({ channels, depth, orientation, isUpright: height > width }).toEqual({
      channels: 3,
      depth: 'uchar',
      orientation: undefined,
      isUpright: true,
    });
    expect(width).toBeGreaterThanOrEqual(80);
    const pixel = async (top: number) => {
      const raw = await sharp(await sent.toBuffer())
        .extract({ left: 10, top, width: 1, height: 1 })
        .raw()
        .toBuffer();
      return [...raw].map((value) => Math.round(value / 255));
    };
    expect([await pixel(10), await pixel(height - 10)]).toEqual([
      [0, 0, 1],
      [1, 1, 1],
    ]);
  });

  it('too long and narrow for any size that is taken', async () => {
    const ribbon = await jpeg([], { width: 30_000, height: 100 });
    expect(await given.detectBytes(ribbon)).toMatchObject({ refusal: 'too-large' });
    expect(given.calls()).toBe(0);
  });

  it('a large file that is damaged is corrupt, without a call', async () => {
    const large = await noise({ width: 2_400, height: 1_800 });
    expect(await given.detectBytes(large.subarray(0, large.length - 100_000))).toMatchObject({
      refusal: 'corrupt',
    });
    expect(given.calls()).toBe(0);
  });
});

describe('keys and versions', () => {
  it('any key reaches Rekognition byte for byte', async () => {
    const shown = seen();
    const keys = [
      ' .jpg',
      '../up.jpg',
      'a//b.jpg',
      '\u0001\r\n\t.jpg',
      '%2e+&?#".jpg',
      'é.jpg',
      'é.jpg',
      '\ufffe\u{10ffff}.jpg',
    ];
    for (const key of keys) {
      await given.put(key, await png());
      await given.detect(key);
    }
    expect(shown.map(({ key }) => key)).toEqual(keys);
  });

  it('the version that was looked at is the one that is labelled', async () => {
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await given
      .clients(S3Client)
      .send(new PutBucketVersioningCommand({ Bucket: 'photos', VersioningConfiguration }));
    await given.put('a.jpg', await jpeg(['Old']));
    const head = await given.images.head('a.jpg');
    if (head === undefined) throw new Error('it is not there');
    await given.put('a.jpg', await jpeg(['New']));
    const ref = { bucket: 'photos', key: 'a.jpg', head, bytes: async () => Buffer.alloc(0) };
    expect(await given.byObject.detect(ref)).toMatchObject({ labels: [{ name: 'Old' }] });
  });
});
