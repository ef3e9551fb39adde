import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  backfillEstimate,
  type Cost,
  fargateWorkers,
  idleCost,
  LABEL_CALL_PRICE,
  labelCost,
} from '../../src/runtime/price.ts';
import prices from '../../src/runtime/prices.json' with { type: 'json' };

const HOME = 'us-east-1';

/** What a formula comes to: only numbers, signs and units may be in it. */
function evaluate(formula: string): number {
  const sum = formula
    .replace(/[$,]/g, '')
    .replace(/ (h|GB)\b/g, '')
    .replaceAll('×', '*')
    .replaceAll('÷', '/');
  expect(sum).toMatch(/^[\d.+*/() -]+$/);
  return Number(new Function(`return ${sum}`)());
}

/** The lines add up, and every formula comes to what it stands for; hours in them are rounded. */
function check({ dollars, lines }: Cost): void {
  expect(lines.reduce((sum, line) => sum + line.dollars, 0)).toBeCloseTo(dollars, 9);
  for (const line of lines) {
    expect(Math.abs(evaluate(line.formula) - line.dollars)).toBeLessThanOrEqual(0.005 * line.dollars + 0.05);
  }
}

describe('labelling', () => {
  test.each([
    [0, 0, ['0 × $0.001']],
    [1, 0.001, ['1 × $0.001']],
    [1_000_000, 1000, ['1,000,000 × $0.001']],
    [1_000_001, 1000.0008, ['1,000,000 × $0.001', '1 × $0.0008']],
    [5_000_000, 4200, ['1,000,000 × $0.001', '4,000,000 × $0.0008']],
    [
      77_000_000,
      32_700,
      ['1,000,000 × $0.001', '4,000,000 × $0.0008', '30,000,000 × $0.0006', '42,000,000 × $0.00025'],
    ],
  ])('%d calls, a line for each tier', (calls, dollars, formulas) => {
    const cost = labelCost(calls, HOME);
    expect(cost.dollars).toBeCloseTo(dollars, 6);
    expect(cost.lines.map(({ formula }) => formula)).toEqual(formulas);
    check(cost);
  });

  test('a tier says where it begins', () => {
    expect(labelCost(40_000_000, HOME).lines.map(({ what }) => what)).toEqual([
      'DetectLabels',
      'DetectLabels, beyond 1,000,000 a month',
      'DetectLabels, beyond 5,000,000 a month',
      'DetectLabels, beyond 35,000,000 a month',
    ]);
  });

  test('never costs more than the dearest call, and one call more never costs less', () => {
    fc.assert(
      fc.property(fc.nat(100_000_000), (calls) => {
        const { dollars } = labelCost(calls, HOME);
        expect(dollars).toBeLessThanOrEqual(calls * LABEL_CALL_PRICE + 1e-6);
        expect(labelCost(calls + 1, HOME).dollars).toBeGreaterThan(dollars);
      }),
    );
  });
});

describe('a backfill', () => {
  test('of a million at 50 a second takes 5.6 hours', () => {
    const estimate = backfillEstimate({ objects: 1_000_000, callsPerSecond: 50, region: HOME });
    expect(estimate).toMatchObject({ calls: 1_000_000, hoursFormula: '1,000,000 calls ÷ 50/s ÷ 3,600' });
    expect(estimate.hours).toBeCloseTo(5.556, 3);
    // 1,000 for the labels, 0.80 for a look at and the reading of each, 0.0025 for the inventory.
    expect(estimate.dollars).toBeCloseTo(1000.8025, 6);
  });

  test('on Fargate pays for the workers while it takes', () => {
    const workers = { count: 2, vcpus: 0.25, memoryGiB: 0.5, spot: false, publicIp: true };
    const base = { objects: 3_600_000, callsPerSecond: 50, region: HOME };
    const extra = (more: Partial<typeof workers>) =>
      backfillEstimate({ ...base, workers: { ...workers, ...more } }).dollars -
      backfillEstimate(base).dollars;
    // 20 hours, twice: (0.25 × 0.03238 + 0.5 × 0.00356) × 40 = 0.395, and 40 hours of an address.
    expect(extra({})).toBeCloseTo(0.395 + 0.2, 6);
    expect(extra({ publicIp: false })).toBeCloseTo(0.395, 6);
    expect(extra({ publicIp: false, spot: true })).toBeCloseTo(0.395 / 2, 6);
  });

  test('from colder storage classes pays for requests and retrieval', () => {
    const ofClass = (storageClass: string) =>
      backfillEstimate({
        objects: 1000,
        listed: 0,
        classes: [{ storageClass, images: 1000, bytes: 10 * 2 ** 30 }],
        callsPerSecond: 50,
        region: HOME,
      });
    // 1 for the labels of each.
    expect(ofClass('STANDARD').dollars).toBeCloseTo(1 + 0.0008, 9);
    expect(ofClass('INTELLIGENT_TIERING').dollars).toBeCloseTo(1 + 0.0008, 9);
    expect(ofClass('STANDARD_IA').dollars).toBeCloseTo(1 + 0.002 + 0.1, 9);
    expect(ofClass('ONEZONE_IA').dollars).toBeCloseTo(1 + 0.002 + 0.1, 9);
    expect(ofClass('GLACIER_IR').dollars).toBeCloseTo(1 + 0.02 + 0.3, 9);
    expect(ofClass('GLACIER_IR').lines.slice(1, 3)).toEqual([
      { what: 'reading images of GLACIER_IR', formula: '2 × 1,000 ÷ 1,000 × $0.01', dollars: 0.02 },
      { what: 'retrieving them from GLACIER_IR', formula: '10 GB × $0.03', dollars: expect.closeTo(0.3) },
    ]);
    expect(ofClass('EXPRESS_ONEZONE').notes.at(-1)).toMatch(/^the price of reading EXPRESS_ONEZONE is not/);
  });

  test.each([
    [{ objects: 1_000_000, callsPerSecond: 40 }, 16, 1],
    [{ objects: 1_000_000, callsPerSecond: 590 }, 16, 5],
    [{ objects: 1_000_000, callsPerSecond: 4 }, 16, 1],
    [{ objects: 5_000, callsPerSecond: 400 }, 16, 1],
    [{ objects: 5_001, callsPerSecond: 400 }, 16, 2],
    [{ objects: 0, callsPerSecond: 400 }, 16, 1],
    [{ objects: 10_000_000, callsPerSecond: 4000 }, 2, 8],
  ])('of %j has as many workers as the rate, the chunks and the vCPUs allow', (backfill, maxVcpus, count) => {
    const workers = fargateWorkers(backfill, { maxVcpus, spot: true, publicIp: false });
    expect(workers).toEqual({ count, vcpus: 0.25, memoryGiB: 0.5, spot: true, publicIp: false });
  });

  test('of nothing is done at once, and without calls never', () => {
    expect(backfillEstimate({ objects: 0, callsPerSecond: 0, region: HOME })).toMatchObject({
      hours: 0,
      dollars: 0,
    });
    expect(backfillEstimate({ objects: 1, callsPerSecond: 0, region: HOME }).hours).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  test('adds up, and every formula is what was counted', () => {
    const workers = fc.record({
      count: fc.integer({ min: 1, max: 64 }),
      vcpus: fc.constantFrom(0.25, 0.5, 1),
      memoryGiB: fc.constantFrom(0.5, 2),
      spot: fc.boolean(),
      publicIp: fc.boolean(),
    });
    const classes = fc.array(
      fc.record({
        storageClass: fc.constantFrom('STANDARD', 'STANDARD_IA', 'GLACIER_IR', 'SNOW'),
        images: fc.nat(1_000_000),
        bytes: fc.nat(2 ** 42),
      }),
    );
    fc.assert(
      fc.property(
        fc.nat(100_000_000),
        fc.integer({ min: 1, max: 500 }),
        workers,
        classes,
        (objects, callsPerSecond, workers, classes) => {
          check(backfillEstimate({ objects, callsPerSecond, region: HOME, workers, classes }));
        },
      ),
    );
  });
});

describe('a month in which nothing happens', () => {
  const small = { region: HOME, instanceType: 't3.small.search', instances: 1, volumeGiB: 10 };

  test('costs the domain', () => {
    const cost = idleCost({ ...small, ownDomain: true });
    expect(cost.dollars).toBeCloseTo(0.036 * 730 + 10 * 0.122, 9);
    expect(cost.lines.map(({ formula }) => formula)).toEqual(['1 × $0.036 × 730 h', '1 × 10 GB × $0.122']);
    check(idleCost({ ...small, instances: 3, volumeGiB: 100, ownDomain: true }));
  });

  test('costs nothing with an index that is there anyway', () => {
    expect(idleCost({ ...small, ownDomain: false })).toMatchObject({ dollars: 0, lines: [] });
  });

  test('names the instance whose price is not known', () => {
    const { lines, notes } = idleCost({ ...small, instanceType: 'x9.large.search', ownDomain: true });
    expect(lines.map(({ what }) => what)).toEqual(["the domain's storage"]);
    expect(notes.at(-1)).toMatch(
      /^the price of x9\.large\.search is not known .*aws\.amazon\.com\/opensearch/,
    );
  });
});

test('a Region without prices is told', () => {
  expect(labelCost(1, HOME).notes).toHaveLength(1);
  expect(labelCost(1, 'sa-east-1').notes[1]).toMatch(
    /^prices of sa-east-1 are not known here: us-east-1's are/,
  );
  expect(labelCost(1, 'sa-east-1').dollars).toBe(labelCost(1, HOME).dollars);
});

test('every price says what it is of, where it stands and how it was seen; the date goes with every sum', () => {
  const { asOf, regions, ...items } = prices;
  expect(regions).toContain(HOME);
  expect(labelCost(1, HOME).notes[0]).toContain(`as of ${asOf}`);
  for (const item of Object.values(items)) {
    expect(item).toMatchObject({
      what: expect.any(String),
      source: expect.stringMatching(/^https:\/\/aws\.amazon\.com\/.*pricing\/$/),
      seen: expect.any(String),
    });
  }
});
