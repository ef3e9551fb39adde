/** Everything that runs on AWS, in one bundle: Lambda calls `handler`, the jobs' container the others. */
export { handler } from './live.ts';
export { plan } from './planner.ts';
export { work } from './worker.ts';
