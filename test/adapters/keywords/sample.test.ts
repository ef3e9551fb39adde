import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { sampleKeywords } from '../../../src/adapters/keywords/sample.ts';
import { SystemicError } from '../../../src/runtime/errors.ts';
import { iimKeywords, subjectBag, withIptc, xmpPacket } from './metadata.ts';

const plain = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#888' } })
  .jpeg()
  .toBuffer();
const withXmp = await sharp(plain)
  .withXmp(xmpPacket(subjectBag('dog')))
  .toBuffer();
const image = (bytes: Buffer) => ({ bytes: async () => bytes });

describe('sampleKeywords', () => {
  it('counts the images that carry keywords among those it could read', async () => {
    const images = [
      ...Array.from({ length: 30 }, () => image(plain)),
      image(withXmp),
      image(withIptc(plain, iimKeywords('cat'))),
      image(
        await sharp(plain)
          .withXmp(xmpPacket(subjectBag(' ')))
          .toBuffer(),
      ),
      image(Buffer.alloc(0)),
      image(Buffer.from('no image')),
      { bytes: () => Promise.reject(new Error('gone')) },
    ];
    expect(await sampleKeywords(images)).toEqual({ looked: 33, withKeywords: 2 });
  });

  it('finds nothing in nothing', async () => {
    expect(await sampleKeywords([])).toEqual({ looked: 0, withKeywords: 0 });
  });

  it('decodes no pixels: a damaged scan does not matter', async () => {
    const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
    const created = { width: 64, height: 64, channels: 3, background: '#888', noise } as const;
    const whole = await sharp({ create: created })
      .jpeg()
      .withXmp(xmpPacket(subjectBag('dog')))
      .toBuffer();
    const cut = whole.subarray(0, whole.length - 500);
    expect(await sampleKeywords([image(cut)])).toEqual({ looked: 1, withKeywords: 1 });
  });

  it('ends with a fault of the whole store, and when it is given up', async () => {
    const down = new SystemicError('store-gone', 'the folder is gone');
    await expect(sampleKeywords([{ bytes: () => Promise.reject(down) }])).rejects.toBe(down);
    await expect(sampleKeywords([image(plain)], AbortSignal.abort())).rejects.toThrow(/abort/i);
  });
});
