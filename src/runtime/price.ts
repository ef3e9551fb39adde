import prices from './prices.json' with { type: 'json' };

/** One figure and how it comes about. */
export interface CostLine {
  what: string;
  /** With every number that is in it: `1 × $0.036 × 730 h`. */
  formula: string;
  /** US dollars. */
  dollars: number;
}

/** A sum in US dollars, its parts, and what a reader has to know about them. */
export interface Cost {
  dollars: number;
  lines: CostLine[];
  notes: string[];
}

/** The hours that AWS's own calculator gives a month. */
const MONTH_HOURS = 730;

/**
 * What so many calls of DetectLabels cost at most: the tiers count all of an account's images in a month, so they are
 * the dearest for an account that has called nothing yet.
 */
export function labelCost(calls: number, region: string): Cost {
  const steps: { calls: number; price: number }[] = [];
  let below = 0;
  for (const { upTo, price } of prices.labelCall.tiers) {
    const inTier = Math.min(calls, upTo ?? Number.POSITIVE_INFINITY) - below;
    if (inTier > 0) steps.push({ calls: inTier, price });
    below = upTo ?? below;
  }
  const formula = steps.map((step) => `${count(step.calls)} × $${step.price}`).join(' + ') || '0';
  const dollars = steps.reduce((sum, step) => sum + step.calls * step.price, 0);
  return total([{ what: 'DetectLabels', formula, dollars }], region);
}

export interface Backfill {
  /** Objects to look at; each counts as one image. */
  objects: number;
  callsPerSecond: number;
  region: string;
  /** The workers on Fargate ARM; left out where this machine does the work. */
  workers?: { count: number; vcpus: number; memoryGiB: number; spot: boolean; publicIp: boolean };
}

/** At most: every object is taken for an image that has to be labelled. */
export interface BackfillEstimate extends Cost {
  calls: number;
  hours: number;
  /** How `hours` comes about. */
  hoursFormula: string;
}

/** What labelling everything costs and how long it takes. With 0 calls a second it takes forever: `hours` is Infinity. */
export function backfillEstimate({ objects, callsPerSecond, region, workers }: Backfill): BackfillEstimate {
  const hours = objects === 0 ? 0 : objects / callsPerSecond / 3600;
  const lines = [...labelCost(objects, region).lines, ...storageLines(objects)];
  if (workers !== undefined && Number.isFinite(hours)) lines.push(...workerLines(workers, hours));
  return {
    calls: objects,
    hours,
    hoursFormula: `${count(objects)} calls ÷ ${callsPerSecond}/s ÷ 3,600`,
    ...total(lines, region),
  };
}

function storageLines(objects: number): CostLine[] {
  const { thousandGets, millionListed } = prices.s3;
  return [
    {
      what: 'reading the images from S3',
      formula: `${count(objects)} ÷ 1,000 × $${thousandGets}`,
      dollars: (objects / 1000) * thousandGets,
    },
    {
      what: 'the S3 inventory',
      formula: `${count(objects)} ÷ 1,000,000 × $${millionListed}`,
      dollars: (objects / 1_000_000) * millionListed,
    },
  ];
}

function workerLines(workers: NonNullable<Backfill['workers']>, hours: number): CostLine[] {
  const { vcpus, memoryGiB, spot, publicIp } = workers;
  const { vcpuHour, gbHour } = prices.fargate.arm;
  const share = spot ? prices.fargate.spotShare : 1;
  const time = `${workers.count} × ${count(hours)} h`;
  const task = `(${vcpus} × $${vcpuHour} + ${memoryGiB} × $${gbHour})`;
  const lines: CostLine[] = [
    {
      what: spot ? 'workers on Fargate Spot' : 'workers on Fargate',
      formula: `${time} × ${task}${spot ? ` × ${share}` : ''}`,
      dollars: workers.count * hours * (vcpus * vcpuHour + memoryGiB * gbHour) * share,
    },
  ];
  if (publicIp) {
    const { hour } = prices.publicIpv4;
    lines.push({
      what: 'public addresses of the workers',
      formula: `${time} × $${hour}`,
      dollars: workers.count * hours * hour,
    });
  }
  return lines;
}

export interface IdleStack {
  region: string;
  instanceType: string;
  instances: number;
  /** Of each instance. */
  volumeGiB: number;
  /** False where the index is in a domain that is paid for anyway. */
  ownDomain: boolean;
}

/**
 * What a stack costs in a month in which nothing happens. Queues, functions, rules, roles, Batch and empty log groups
 * are paid by use only. An instance type whose price is not known is left out of the sum, and `notes` says so.
 */
export function idleCost(stack: IdleStack): Cost {
  const { region, instanceType, instances, volumeGiB, ownDomain } = stack;
  if (!ownDomain) return total([], region);
  const { gp3Month, instanceHour } = prices.openSearch;
  const known: Partial<Record<string, number>> = instanceHour;
  const hour = known[instanceType];
  const lines: CostLine[] = [];
  if (hour !== undefined) {
    lines.push({
      what: `OpenSearch domain, ${instanceType}`,
      formula: `${instances} × $${hour} × ${MONTH_HOURS} h`,
      dollars: instances * hour * MONTH_HOURS,
    });
  }
  lines.push({
    what: "the domain's storage",
    formula: `${instances} × ${volumeGiB} GB × $${gp3Month}`,
    dollars: instances * volumeGiB * gp3Month,
  });
  const unknown =
    hour === undefined
      ? [`the price of ${instanceType} is not known here and not in the sum: ${prices.openSearch.source}`]
      : [];
  return total(lines, region, unknown);
}

/** The price of one DetectLabels call, US dollars, at the dearest tier. */
export const LABEL_CALL_PRICE = Math.max(...prices.labelCall.tiers.map(({ price }) => price));

function total(lines: CostLine[], region: string, notes: readonly string[] = []): Cost {
  return {
    dollars: lines.reduce((sum, { dollars }) => sum + dollars, 0),
    lines,
    notes: [
      `prices as of ${prices.asOf}, without free tiers, discounts and taxes`,
      ...regionNote(region),
      ...notes,
    ],
  };
}

const regionNote = (region: string): string[] =>
  prices.regions.includes(region)
    ? []
    : [`prices of ${region} are not known here: us-east-1's are used, most other Regions cost more`];

/** `1,234.5`: enough digits to follow a sum. */
const count = (value: number): string => {
  const [whole = '', fraction] = String(Math.round(value * 100) / 100).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
};
