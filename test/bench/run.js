// Every figure that the project promises, measured in this run: npm run bench [planning|backfill|index|start …].
// Ratios compare two things side by side; an absolute figure stands beside the calibration loop of the same run.
import { benchBackfill } from './backfill.js';
import { calibrate } from './calibrate.js';
import { benchIndexSearch } from './index-search.js';
import { benchPlanning } from './planning.js';
import { printRows } from './print.js';
import { benchStart } from './start.js';

const BENCHMARKS = {
  start: benchStart,
  planning: benchPlanning,
  index: benchIndexSearch,
  backfill: benchBackfill,
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
