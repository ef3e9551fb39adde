// Every figure that the project promises, measured in this run: npm run bench [start|planning|setup|governor|index|backfill …].
// Ratios compare two things side by side; an absolute figure stands beside the calibration loop of the same run.
import { calibrate } from './calibrate.js';
import { printRows } from './print.js';

/** Loaded one after the other: sharp, which the last one draws with, makes planning in the same process a fifth slower. */
const BENCHMARKS = {
  start: async () => (await import('./start.js')).benchStart(),
  planning: async () => (await import('./planning.js')).benchPlanning(),
  setup: async () => (await import('./setup.js')).benchSetup(),
  governor: async () => (await import('./governor.js')).benchGovernor(),
  index: async () => (await import('./index-search.js')).benchIndexSearch(),
  worker: async () => (await import('./worker.js')).benchWorker(),
  opensearch: async () => (await import('./opensearch.js')).benchOpenSearch(),
  backfill: async () => (await import('./backfill.js')).benchBackfill(),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0) {
  console.error(`no benchmark '${unknown.join("', '")}'; there are: ${Object.keys(BENCHMARKS).join(', ')}`);
  process.exit(2);
}
for (const [name, measure] of Object.entries(BENCHMARKS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  printRows([
    { what: `calibration loop before ${name}`, value: calibrate(), unit: 'ms' },
    ...(await measure()),
  ]);
}
