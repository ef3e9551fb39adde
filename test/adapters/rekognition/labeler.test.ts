import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { rekognitionLabeling } from '../../../src/adapters/rekognition/settings.ts';
import { backfillCalls } from '../../../src/aws/quotas.ts';
import type { World } from '../../aws/kernel/world.ts';
import { setQuota } from '../../aws/quotas/service.ts';
import { jpeg } from '../../aws/rekognition/pictures.ts';
import { rekognitionIn } from '../../aws/rekognition/service.ts';
import { startWorld } from '../../aws/world.ts';
import { givenImages } from './given.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

describe('labels', () => {
  it('are the answer’s, with parents, categories, instances and the model', async () => {
    const { detectBytes } = await givenImages(world);
    rekognitionIn(world).setModelVersion('3.1');
    rekognitionIn(world).answer(() => [
      {
        Name: 'Dog',
        Confidence: 97.25,
        Parents: [{ Name: 'Pet' }, { Name: 'Animal' }],
        Aliases: [{ Name: 'Canine' }],
        Categories: [{ Name: 'Animals and Pets' }],
        Instances: [{ Confidence: 88.5, BoundingBox: { Left: 0.1, Top: 0.2, Width: 0.3, Height: 0.4 } }],
      },
      { Name: 'Grass', Confidence: 60, Parents: [], Categories: [], Instances: [] },
    ]);
    expect(await detectBytes(await jpeg())).toEqual({
      model: '3.1',
      labels: [
        {
          name: 'Dog',
          confidence: 97.25,
          parents: ['Pet', 'Animal'],
          categories: ['Animals and Pets'],
          instances: [{ confidence: 88.5, box: [0.1, 0.2, 0.3, 0.4] }],
        },
        { name: 'Grass', confidence: 60 },
      ],
    });
  });

  it('are those that the settings ask for', async () => {
    const settings = { labelFloor: 30, maxLabels: 2, include: ['Dog', 'Cat', 'Cow'], exclude: ['Cat'] };
    const { detectBytes, byBytes } = await givenImages(world, settings);
    rekognitionIn(world).answer(() =>
      ['Dog', 'Cat', 'Cow', 'Ant'].map((Name, at) => ({ Name, Confidence: 50 - at * 10 })),
    );
    expect(await detectBytes(await jpeg())).toMatchObject({ labels: [{ name: 'Dog' }, { name: 'Cow' }] });
    expect(byBytes.labeling).toEqual({ labeler: 'rekognition', revision: 1, ...settings });
    const call = world.journal.entries.find(({ operation }) => operation === 'DetectLabels');
    expect(call?.input).toMatchObject({ Features: ['GENERAL_LABELS'], MaxLabels: 2, MinConfidence: 30 });
  });

  it('are not asked for in a way that is refused for every image', () => {
    const names = (count: number) => Array.from({ length: count }, (_, at) => `Label ${at}`);
    expect(rekognitionLabeling({ labelFloor: 0, maxLabels: 1000, include: names(100) })).toBeDefined();
    for (const settings of [
      { labelFloor: -1 },
      { labelFloor: 101 },
      { maxLabels: 0 },
      { maxLabels: 1001 },
      { maxLabels: 1.5 },
      { include: names(101) },
      { exclude: names(101) },
    ])
      expect(() => rekognitionLabeling(settings)).toThrow(/does not take/);
  });
});

describe('budget', () => {
  it('is four fifths of the quota, as the account has it', async () => {
    const { clients, byObject } = await givenImages(world);
    expect(await byObject.budget()).toBe(40);
    setQuota(world, { account: '111122223333', region: 'eu-west-1' }, 'rekognition', 'L-E29B542B', 100);
    expect(await backfillCalls(clients)).toEqual({ perSecond: 80 });
    world.deny('servicequotas:*');
    expect(await backfillCalls(clients)).toEqual({
      perSecond: 4,
      note: expect.stringContaining("can't be read (AccessDeniedException)"),
    });
  });
});

describe('native code', () => {
  const inputsOf = async (code: string) => {
    const { metafile } = await build({
      stdin: { contents: code, resolveDir: new URL('../../../src', import.meta.url).pathname },
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
      external: ['sharp', '@aws-sdk/*', '@smithy/*'],
    });
    const { imports, inputs } = Object.values(metafile.outputs)[0] ?? { imports: [], inputs: {} };
    return [...Object.keys(inputs), ...imports.map(({ path }) => path)];
  };

  it('is not in what reads images from S3', async () => {
    const inputs = await inputsOf(`
      export * from './adapters/rekognition/labeler.ts';
      export * from './adapters/rekognition/from-s3.ts';
      export * from './adapters/s3/images.ts';`);
    expect(inputs).toContain('src/adapters/rekognition/labeler.ts');
    expect(inputs.filter((name) => /sharp|downsize|keywords/.test(name))).toEqual([]);
    expect(await inputsOf("export * from './adapters/rekognition/from-bytes.ts';")).toContain('sharp');
  });
});
