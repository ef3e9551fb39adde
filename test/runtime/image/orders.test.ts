import { expect, test } from 'vitest';
import type { Document, ImageHead } from '../../../src/runtime/contract.ts';
import type { Change } from '../../../src/runtime/image/change.ts';
import { type Case, decide, type Policy } from '../../../src/runtime/image/decide.ts';

/** What happens to the one key: its new content, or undefined for a delete. */
type Mutation = 'A' | 'B' | undefined;
const MUTATIONS: readonly Mutation[] = ['A', 'B', undefined];

const POLICY: Policy = {
  bucket: 'photos',
  labeling: { labeler: 'memory', revision: 1, labelFloor: 0, maxLabels: 10, include: [], exclude: [] },
  relabel: 'none',
  run: 'live',
  maxBytes: 100,
  etagIsContent: false,
};

type Stored = Omit<Document, 'labels'> & Partial<Pick<Document, 'labels'>>;

/** Whoever works on the key: has not begun, has seen (and will write, if it has to), or is through. */
type Actor =
  | { phase: 'to begin' }
  | { phase: 'has seen'; document: Stored; expected: string | undefined }
  | { phase: 'done' };

interface State {
  mutated: number;
  document: Stored | undefined;
  /** Of the document; 0 for none. */
  version: number;
  actors: readonly Actor[];
  /** The row that the backfill's listing has; null once it has listed and there was none. */
  row: Change | null | undefined;
}

const contentAfter = (mutations: readonly Mutation[], mutated: number): ImageHead | null => {
  const content = mutations[mutated - 1];
  return content === undefined ? null : { etag: `etag-${content}`, size: 1, lastModified: mutated * 10_000 };
};

/** Looks up, looks at the bucket and labels; what is then to be written, or that nothing is. */
function look(change: Change, state: State, head: ImageHead | null): Actor {
  const { document, version } = state;
  const known: Case = {
    change,
    known: document === undefined ? null : { version: String(version), document },
    observedAt: 1_000_000,
  };
  for (;;) {
    const step = decide(known, POLICY);
    if (step.step === 'head') known.head = head;
    else if (step.step === 'label') {
      const name = step.head.etag.slice(-1);
      known.answer = { etag: step.head.etag, answer: { labels: [{ name, confidence: 99 }] } };
    } else if (step.step === 'write') {
      return { phase: 'has seen', document: step.document, expected: step.expected };
    } else return { phase: 'done' };
  }
}

/** Compare and set; who was overtaken begins again. */
function write(actor: Extract<Actor, { phase: 'has seen' }>, state: State): Partial<State> & { next: Actor } {
  const present = state.version === 0 ? undefined : String(state.version);
  if (actor.expected !== present) return { next: { phase: 'to begin' } };
  const labels = actor.document.labels ?? state.document?.labels ?? [];
  return { document: { ...actor.document, labels }, version: state.version + 1, next: { phase: 'done' } };
}

/**
 * Every order in which the bucket changes, its events are delivered and a backfill lists, looks and writes. Deliveries look
 * and write in one step, or in two with the others between them.
 *
 * @param deliveries - numbers of mutations, one for each delivery of its event
 * @returns how many ends there are
 */
function tryAll(mutations: readonly Mutation[], deliveries: readonly number[], inOne: boolean): number {
  const seen = new Set<string>();
  let ends = 0;
  const backfill = deliveries.length;
  const visit = (state: State): void => {
    // Versions count up for good; what matters of one that was seen is whether it is the present.
    const { version, ...rest } = state;
    const present = version === 0 ? undefined : String(version);
    const actors = state.actors.map((each) =>
      each.phase === 'has seen' ? { ...each, expected: each.expected === present } : each.phase,
    );
    const key = JSON.stringify({ ...rest, actors });
    if (seen.has(key)) return;
    seen.add(key);
    const head = contentAfter(mutations, state.mutated);
    const withActor = (at: number, next: Actor, more: Partial<State> = {}): State => ({
      ...state,
      ...more,
      actors: state.actors.map((each, position) => (position === at ? next : each)),
    });
    let isEnd = true;
    if (state.mutated < mutations.length) {
      isEnd = false;
      visit({ ...state, mutated: state.mutated + 1 });
    }
    state.actors.forEach((actor, at) => {
      if (actor.phase === 'done') return;
      isEnd = false;
      if (actor.phase === 'has seen') {
        const { next, ...more } = write(actor, state);
        visit(withActor(at, next, more));
      } else if (at === backfill) {
        if (state.row === undefined) {
          const row: Change | null =
            head === null
              ? null
              : {
                  kind: 'seen',
                  key: 'k',
                  order: '',
                  row: 0,
                  size: head.size,
                  etag: head.etag,
                  lastModified: head.lastModified,
                };
          visit({ ...state, row });
        } else if (state.row === null) visit(withActor(at, { phase: 'done' }));
        else visit(withActor(at, look(state.row, state, head)));
      } else {
        const event = deliveries[at] ?? 0;
        // Told some time after it happened.
        if (state.mutated <= event) return;
        const order = String(event + 1).padEnd(64, '0');
        const kind = mutations[event] === undefined ? 'removed' : 'created';
        const found = look({ kind, key: 'k', order, row: -1 }, state, head);
        if (inOne && found.phase === 'has seen') {
          const { next, ...more } = write(found, state);
          visit(withActor(at, next, more));
        } else visit(withActor(at, found));
      }
    });
    if (!isEnd) return;
    ends++;
    const { document } = state;
    const story = () => JSON.stringify({ mutations: mutations.map(String), deliveries, document });
    if (head === null) {
      if (document !== undefined && document.state !== 'deleted') expect.fail(story());
    } else if (
      document?.state !== 'indexed' ||
      document.etag !== head.etag ||
      document.labels?.[0]?.name !== head.etag.slice(-1)
    ) {
      expect.fail(story());
    }
  };
  const actors: Actor[] = Array.from({ length: deliveries.length + 1 }, () => ({ phase: 'to begin' }));
  visit({ mutated: 0, document: undefined, version: 0, actors, row: undefined });
  return ends;
}

const sequences = (length: number): Mutation[][] =>
  length === 0
    ? [[]]
    : sequences(length - 1).flatMap((start) => MUTATIONS.map((mutation) => [...start, mutation]));

/** Each event once, and up to so many of them again. */
function withDuplicates(events: number, duplicates: number): number[][] {
  let all: number[][] = [Array.from({ length: events }, (_, event) => event)];
  const result = [...all];
  for (let more = 0; more < duplicates; more++) {
    all = all.flatMap((deliveries) =>
      Array.from({ length: events }, (_, event) => event)
        .filter((event) => deliveries.length === events || event >= (deliveries.at(-1) ?? 0))
        .map((event) => [...deliveries, event]),
    );
    result.push(...all);
  }
  return result;
}

test.each([1, 2, 3, 4, 5])(
  '%i changes, up to five deliveries of them in every order, a backfill anywhere: the index ends as the bucket',
  (changes) => {
    let ends = 0;
    for (const mutations of sequences(changes)) {
      for (const deliveries of withDuplicates(changes, 5 - changes)) {
        ends += tryAll(mutations, deliveries, true);
      }
    }
    expect(ends).toBeGreaterThan(0);
  },
);

test.each([1, 2, 3])('%i changes, each told once to invocations that overtake one another', (changes) => {
  let ends = 0;
  for (const mutations of sequences(changes)) {
    for (const deliveries of withDuplicates(changes, changes < 3 ? 1 : 0)) {
      ends += tryAll(mutations, deliveries, false);
    }
  }
  expect(ends).toBeGreaterThan(0);
});
