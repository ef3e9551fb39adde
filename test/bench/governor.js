/**
 * Workers that don't talk to each other against one quota, in virtual time: our governor beside the SDK's own retry modes.
 * The quota, 10 calls a second for each worker, falls to a fifth and rises again. The service is a simulation; of AWS's
 * own throttling it says nothing.
 *
 *   npm run build && node test/bench/run.js governor
 */
import { join } from 'node:path';
import { build } from 'esbuild';
import { ROOT } from './where.js';

const WORKERS = [1, 10, 100, 1000];
/** Most workers of the SDK: a thousand are refused so often that they take minutes to play; at a hundred they are as at ten. */
const SDK_WORKERS = 100;
const SEED = 1;
/** Seconds of each quota. Figures are steady after the first ten. */
const STEADY = 300;
const FALLEN = 90;
const RISEN = 90;
const WARM = 10;

/** What the governor keeps; the SDK's modes stand beside it. */
const BOUNDS = { use: 95, throttled: 5, afterStep: 10, seconds: 30, fairness: 0.9 };

const least = (bound, isOurs) => (isOurs ? { atLeast: bound } : {});
const most = (bound, isOurs) => (isOurs ? { atMost: bound } : {});

/** @returns one row per figure */
export async function benchGovernor() {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  // Beside the project's modules, where what is left out of the bundle is found.
  const outfile = join(ROOT, '.cache', 'bench', 'governor-world.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'governor-world.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
  const { convergedAfter, WAYS } = await import(outfile);
  const rows = [];
  for (const workers of WORKERS) {
    for (const [way, play] of Object.entries(WAYS)) {
      const isOurs = way === 'governor';
      if (!isOurs && workers > SDK_WORKERS) continue;
      const course = await play({
        workers,
        seed: SEED,
        quota: [
          { callsPerSecond: 10, seconds: STEADY },
          { callsPerSecond: 2, seconds: FALLEN },
          { callsPerSecond: 10, seconds: RISEN },
        ],
      });
      const rise = STEADY + FALLEN;
      const end = rise + RISEN;
      const what = `${way}, ${workers} worker${workers === 1 ? '' : 's'}`;
      const converged = Math.max(convergedAfter(course, STEADY, rise), convergedAfter(course, rise, end));
      rows.push(
        {
          what: `${what}: quota used`,
          value: 100 * course.use(WARM, STEADY),
          unit: '%',
          ...least(BOUNDS.use, isOurs),
        },
        {
          what: `${what}: throttled`,
          value: 100 * course.throttled(WARM, STEADY),
          unit: '%',
          ...most(BOUNDS.throttled, isOurs),
        },
        {
          what: `${what}: throttled the minute after ÷ 5`,
          value: 100 * course.throttled(STEADY, STEADY + 60),
          unit: '%',
          ...most(BOUNDS.afterStep, isOurs),
        },
        {
          what: `${what}: throttled the minute after × 5`,
          value: 100 * course.throttled(rise, rise + 60),
          unit: '%',
          ...most(BOUNDS.afterStep, isOurs),
        },
        {
          what: `${what}: converged again after a step`,
          value: converged,
          unit: 's',
          ...most(BOUNDS.seconds, isOurs),
        },
        {
          what: `${what}: fairness over five minutes (Jain)`,
          value: course.fairness(0, STEADY),
          unit: '',
          ...least(BOUNDS.fairness, isOurs),
        },
      );
    }
  }
  return rows;
}
