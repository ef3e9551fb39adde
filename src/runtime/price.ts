import { CHUNK_ROWS } from './contract.ts';
import prices from './prices.json' with { type: 'json' };
import { workersFor } from './run/workers.ts';

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
  const lines: CostLine[] = [];
  let below = 0;
  for (const { upTo, price } of prices.labelCall.tiers) {
    const inTier = Math.min(calls, upTo ?? Number.POSITIVE_INFINITY) - below;
    if (inTier > 0 || lines.length === 0) {
      lines.push({
        what: below === 0 ? 'DetectLabels' : `DetectLabels, beyond ${count(below)} a month`,
        formula: `${count(inTier)} × $${price}`,
        dollars: inTier * price,
      });
    }
    below = upTo ?? below;
  }
  return total(lines, region);
}

/** Images that are read from S3, of one storage class. */
export interface ImagesOfClass {
  /** As S3 names it: `STANDARD_IA`. */
  storageClass: string;
  images: number;
  bytes: number;
}

/** Tasks on Fargate ARM that share the work. */
export interface Workers {
  count: number;
  vcpus: number;
  memoryGiB: number;
  spot: boolean;
  publicIp: boolean;
}

export interface Backfill {
  /** Images to label: one call each. */
  objects: number;
  /** Rows of the inventory; as many as images where left out. */
  listed?: number;
  /** The images by storage class; all of them in Standard where left out. */
  classes?: readonly ImagesOfClass[];
  callsPerSecond: number;
  region: string;
  /** Left out where this machine does the work. */
  workers?: Workers;
}

/** At most: every image is taken for one that has no labels yet. */
export interface BackfillEstimate extends Cost {
  calls: number;
  hours: number;
  /** How `hours` comes about. */
  hoursFormula: string;
}

/** What labelling everything costs and how long it takes. With 0 calls a second it takes forever: `hours` is Infinity. */
export function backfillEstimate(backfill: Backfill): BackfillEstimate {
  const { objects, callsPerSecond, region, workers, listed = objects } = backfill;
  const { classes = [{ storageClass: 'STANDARD', images: objects, bytes: 0 }] } = backfill;
  const hours = objects === 0 ? 0 : objects / callsPerSecond / 3600;
  const lines = [
    ...labelCost(objects, region).lines,
    ...classes.flatMap(readingLines),
    inventoryLine(listed),
  ];
  if (workers !== undefined && Number.isFinite(hours)) lines.push(...workerLines(workers, hours));
  return {
    calls: objects,
    hours,
    hoursFormula: hoursFormula(objects, callsPerSecond),
    ...total(lines, region, unknownClasses(classes)),
  };
}

/** How the hours of so many calls come about. */
export const hoursFormula = (calls: number, callsPerSecond: number): string =>
  `${count(calls)} calls ÷ ${callsPerSecond}/s ÷ 3,600`;

/**
 * The tasks that a run of so many images would get.
 *
 * @param maxVcpus - of the compute environment, which more tasks would wait for
 */
export function fargateWorkers(
  { objects, callsPerSecond }: Pick<Backfill, 'objects' | 'callsPerSecond'>,
  { maxVcpus, spot, publicIp }: { maxVcpus: number; spot: boolean; publicIp: boolean },
): Workers {
  const { count } = workersFor({ chunks: Math.ceil(objects / CHUNK_ROWS), rate: callsPerSecond, maxVcpus });
  return { count, vcpus: 0.25, memoryGiB: 0.5, spot, publicIp };
}

/** AWS's GB of storage and retrieval: https://aws.amazon.com/s3/faqs/#Billing */
const GB = 2 ** 30;

const classPrices: Partial<Record<string, { thousandGets: number; gbRetrieved: number }>> =
  prices.s3Reading.classes;

/** A look at each image and the reading of it by Rekognition; the colder classes are paid for by the GB too. */
function readingLines({ storageClass, images, bytes }: ImagesOfClass): CostLine[] {
  const { thousandGets, gbRetrieved } = classPrices[storageClass] ?? prices.s3Reading.classes.STANDARD;
  const lines: CostLine[] = [
    {
      what: storageClass === 'STANDARD' ? 'reading the images from S3' : `reading images of ${storageClass}`,
      formula: `2 × ${count(images)} ÷ 1,000 × $${thousandGets}`,
      dollars: ((2 * images) / 1000) * thousandGets,
    },
  ];
  if (gbRetrieved > 0) {
    lines.push({
      what: `retrieving them from ${storageClass}`,
      formula: `${count(bytes / GB)} GB × $${gbRetrieved}`,
      dollars: (bytes / GB) * gbRetrieved,
    });
  }
  return lines;
}

const unknownClasses = (classes: readonly ImagesOfClass[]): string[] =>
  classes.flatMap(({ storageClass }) =>
    storageClass in classPrices
      ? []
      : [`the price of reading ${storageClass} is not known here, STANDARD's is used: ${prices.s3.source}`],
  );

const inventoryLine = (listed: number): CostLine => ({
  what: 'the S3 inventory',
  formula: `${count(listed)} ÷ 1,000,000 × $${prices.s3.millionListed}`,
  dollars: (listed / 1_000_000) * prices.s3.millionListed,
});

function workerLines(workers: Workers, hours: number): CostLine[] {
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

/** `1,234.5`, `0.0123`: enough digits to follow a sum. */
const count = (value: number): string => {
  const rounded = value < 1 ? Number(value.toPrecision(3)) : Math.round(value * 100) / 100;
  // Smaller ones would be written with an exponent.
  const [whole = '', fraction] = String(rounded < 1e-6 ? 0 : rounded).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
};
