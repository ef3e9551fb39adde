// What a job's container starts: `node run.mjs planner`, `node run.mjs worker`.
import { plan, work } from './index.mjs';

// Ends at once: an idle connection to AWS would keep a finished job, and its price, alive.
process.exit(await { planner: plan, worker: work }[process.argv[2]]());
