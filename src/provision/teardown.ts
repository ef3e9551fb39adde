import { openS3Objects } from '../adapters/s3/objects.ts';
import { messageOf } from '../runtime/errors.ts';
import { idleCost, labelCost } from '../runtime/price.ts';
import { keepLabels } from '../stack/keep-labels.ts';
import type { Operator } from '../stack/operator.ts';
import { assertWritable } from '../stack/record.ts';
import { type ApplyOptions, applyChanges } from './apply.ts';
import type { InspectedStack } from './inspect.ts';
import { liveStatus } from './live-status.ts';
import { lockStack } from './lock.ts';
import { type Change, inspectAll, planChanges } from './plan.ts';
import type { Resource } from './resource.ts';
import { activeRun, callsOf, runsOf } from './runs.ts';
import { taggedLeftovers } from './sweep.ts';

interface Thing {
  type: string;
  name: string;
}

export interface Removed {
  removed: Thing[];
  /** Looked for again after the removal, and still found. */
  left: (Thing & { reason: string })[];
  kept: Thing[];
}

export interface TeardownOptions extends ApplyOptions {
  keepIndex: boolean;
  /** A file that must not exist yet; gets the whole label archive. */
  keepLabels: string | undefined;
}

/** What a teardown would delete and what that loses, in sentences. */
export async function describeTeardown(
  { context, record }: InspectedStack,
  changes: readonly Change[],
  keepIndex: boolean,
): Promise<string[]> {
  const { spec } = context;
  const lines = [
    `These ${changes.length} resources will be deleted; the images in s3://${spec.bucket} stay:`,
    ...changes.map(({ resource: { type, name } }) => `  ${type.padEnd(20)}  ${name}`),
  ];
  const [runs, live] = await Promise.all([runsOf(context), liveStatus(context)]);
  const liveCalls = Object.values(live.labelCalls?.byMonth ?? {});
  const calls = liveCalls.reduce((total, each) => total + each, callsOf(runs));
  if (calls > 0) {
    const { dollars } = labelCost(calls, spec.region);
    lines.push(
      `The labels paid for with ${calls} calls are lost; to make them again costs about $${dollars.toFixed(2)}.`,
    );
  }
  const running = activeRun(runs);
  if (running !== undefined) lines.push(`Run ${running.id} is active and will be ended.`);
  if (keepIndex && spec.indexEndpoint === undefined) {
    const { dollars } = idleCost({ region: spec.region, ...record.aws.domain, ownDomain: true });
    lines.push(
      `The domain stays and costs $${dollars.toFixed(2)} a month, until: rekback teardown --stack ${spec.name}`,
    );
  }
  return lines;
}

/**
 * What a teardown removes; what is not ours is not among it.
 * @throws RekbackError `stack-newer`: this version may not know all that there is
 */
export function planTeardown({ inspected, record }: InspectedStack, keepIndex: boolean): Change[] {
  assertWritable(record);
  const goes = (resource: Resource) => !(keepIndex && isIndex(resource));
  return planChanges(
    inspected.filter(({ resource }) => goes(resource)),
    () => false,
  );
}

/** The index and what is set inside it. Its roles go: a later setup makes them again under the same names. */
const isIndex = ({ type }: Resource) => type === 'domain' || type === 'index-roles';

/**
 * Removes everything that was made for the stack, then looks for it again by name and by tag. Whatever can't be removed
 * is named; running it again finishes it.
 *
 * @throws RekbackError `stack-busy`; the signal's reason
 */
export async function teardown(
  stack: InspectedStack,
  changes: readonly Change[],
  operator: Operator,
  { keepIndex, keepLabels: labelsFile, ...options }: TeardownOptions,
): Promise<Removed> {
  const { context, inspected } = stack;
  const kept = keepIndex
    ? inspected.filter(({ resource, found }) => isIndex(resource) && found.state !== 'absent')
    : [];
  const bucketIsThere = changes.some(({ resource }) => resource.name === context.names.bucket.name);
  const lock = bucketIsThere ? await lockStack(context, operator) : undefined;
  try {
    if (labelsFile !== undefined) {
      const { clients, names, spec } = context;
      await keepLabels(
        openS3Objects(clients, { bucket: names.bucket.name, account: spec.account }),
        labelsFile,
      );
    }
    const problem = await applyChanges(changes, options).then(
      () => undefined,
      (error: unknown) => {
        options.signal?.throwIfAborted();
        return messageOf(error);
      },
    );
    const again = await inspectAll(changes.map(({ resource }) => resource));
    const still = again.filter(({ found }) => found.state !== 'absent');
    const reason = ({ byOwner }: Resource) =>
      byOwner ? "the bucket's owner has to remove it" : (problem ?? 'it came back');
    return {
      removed: again.filter(({ found }) => found.state === 'absent').map(({ resource }) => thing(resource)),
      left: [
        ...still.map(({ resource }) => ({ ...thing(resource), reason: reason(resource) })),
        ...notOurs(stack, keepIndex),
        ...(await taggedLeftovers(context, inspected)),
      ],
      kept: [
        ...kept.map(({ resource }) => thing(resource)),
        ...(labelsFile === undefined ? [] : [{ type: 'labels', name: labelsFile }]),
      ],
    };
  } finally {
    // Gone with its bucket, unless something went wrong.
    await lock?.release();
  }
}

/** What was ours, as setup makes nothing where others' things have our names; who untagged it may be paying for it. */
const notOurs = ({ inspected }: InspectedStack, keepIndex: boolean): Removed['left'] =>
  inspected.flatMap(({ resource, found }) => {
    if (found.state !== 'foreign' || !resource.isWanted() || (keepIndex && isIndex(resource))) return [];
    return [{ ...thing(resource), reason: `it is not this stack's: ${found.reason}` }];
  });

const thing = ({ type, name }: Resource): Thing => ({ type, name });
