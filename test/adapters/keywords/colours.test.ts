import { describe, expect, it } from 'vitest';
import { colourLabels } from '../../../src/adapters/keywords/colours.ts';

const raster = (...pixels: number[][]) => ({
  data: Uint8Array.from(pixels.flat()),
  channels: pixels[0]?.length ?? 0,
});
const RED = [255, 0, 0];
const BLUE = [0, 0, 255];
const shares = (...args: Parameters<typeof colourLabels>) =>
  Object.fromEntries(colourLabels(...args).map(({ name, confidence }) => [name, confidence]));

describe('colourLabels', () => {
  it('gives shares in percent, the largest first', () => {
    expect(colourLabels(raster(RED, BLUE, BLUE), 0)).toEqual([
      { name: 'Blue', confidence: 66.67, categories: ['Color'] },
      { name: 'Red', confidence: 33.33, categories: ['Color'] },
    ]);
  });

  it('leaves out what is below the floor', () => {
    expect(shares(raster(RED, BLUE, BLUE, BLUE), 25)).toEqual({ Blue: 75, Red: 25 });
    expect(shares(raster(RED, BLUE, BLUE, BLUE), 25.1)).toEqual({ Blue: 75 });
  });

  it('counts pixels by their opacity', () => {
    expect(shares(raster([...RED, 255], [...BLUE, 0], [...BLUE, 85]), 0)).toEqual({ Red: 75, Blue: 25 });
    expect(shares(raster([...RED, 0], [...BLUE, 0]), 0)).toEqual({});
  });
});
