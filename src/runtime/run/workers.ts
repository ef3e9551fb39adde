/**
 * Calls a second that one worker makes with ease on a quarter of a vCPU (`npm run bench worker`). More workers than needed
 * only throttle each other, and each is paid for by the hour.
 */
const CALLS_OF_ONE = 100;

/** vCPUs of one worker: Fargate's smallest task. */
const VCPUS = 0.25;

/** Children of one array: https://docs.aws.amazon.com/batch/latest/userguide/array_jobs.html */
const LARGEST_ARRAY = 10_000;

/**
 * How many workers share the work of a run, and the labeler calls a second of each: never less than five, unless the
 * whole rate is.
 */
export function workersFor({
  chunks,
  rate,
  maxVcpus,
}: {
  chunks: number;
  /** Of all together. */
  rate: number;
  maxVcpus: number;
}): { count: number; rate: number } {
  const atOnce = Math.max(1, Math.floor(maxVcpus / VCPUS));
  const count = Math.max(1, Math.min(chunks, LARGEST_ARRAY, atOnce, Math.floor(rate / CALLS_OF_ONE)));
  return { count, rate: rate / count };
}
