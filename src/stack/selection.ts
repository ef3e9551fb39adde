import { resolve } from 'node:path';
import type { Relabel, Selection } from '../runtime/contract.ts';
import { RekbackError } from '../runtime/errors.ts';

/** What a person may say about which images a run is of. */
export interface SelectionChoice {
  /** `inventory`, `listing`, a file's path or address. */
  from?: string | undefined;
  prefix?: string | undefined;
  sample?: number | undefined;
  relabel?: Relabel | undefined;
}

/**
 * The selection that was made; undefined where nothing was said.
 * @param everything - what a run of the stack is of by itself
 * @throws RekbackError `no-inventory`, exit 2
 */
export function selectionOf(choice: SelectionChoice, everything: Selection): Selection | undefined {
  const { from, prefix, sample, relabel } = choice;
  if ([from, prefix, sample, relabel].every((each) => each === undefined)) return undefined;
  if (from === 'inventory' && everything.from.kind !== 'inventory') throw noInventory();
  return {
    from: from === undefined ? everything.from : sourceOf(from),
    relabel: relabel ?? 'none',
    ...(prefix === undefined ? {} : { prefix }),
    ...(sample === undefined ? {} : { sample }),
  };
}

function sourceOf(from: string): Selection['from'] {
  if (from === 'inventory' || from === 'listing') return { kind: from };
  return { kind: 'file', path: /^s3:/i.test(from) ? from : resolve(from) };
}

const noInventory = () =>
  new RekbackError('no-inventory', 'no inventories are delivered to a stack on this machine', {
    exitCode: 2,
    suggestions: ['name the manifest.json of one: --from manifest.json', 'or take a listing: --from listing'],
  });
