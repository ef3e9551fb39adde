import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Document, DocumentState, ImageHead, Labeling, Relabel } from '../../../src/runtime/contract.ts';
import type { Change } from '../../../src/runtime/image/change.ts';
import { type Case, decide, type Policy } from '../../../src/runtime/image/decide.ts';
import { fingerprint } from '../../../src/runtime/image/document.ts';
import type { Known } from '../../../src/runtime/ports.ts';

const LABELING: Labeling = {
  labeler: 'test',
  revision: 1,
  labelFloor: 0,
  maxLabels: 10,
  include: [],
  exclude: [],
};
const POLICY: Policy = {
  bucket: 'images',
  labeling: LABELING,
  relabel: 'none',
  run: 'run-2',
  maxBytes: 1_000,
  etagIsContent: true,
};
const CHANGED_AT = 1_000_000;
/** Long after, so that an unchanged time proves an unchanged file. */
const OBSERVED_AT = CHANGED_AT + 60_000;

const document = (overrides: Partial<Document> = {}): Document => ({
  bucket: 'images',
  key: 'a.jpg',
  etag: 'e1',
  size: 10,
  lastModified: CHANGED_AT,
  state: 'indexed',
  labeling: fingerprint(LABELING),
  seq: '',
  observedAt: OBSERVED_AT,
  run: 'run-1',
  row: 3,
  labels: [{ name: 'Dog', confidence: 90 }],
  ...overrides,
});
function known(overrides: Partial<Document> = {}): Known {
  const { labels: _, ...rest } = document(overrides);
  return { version: 'v1', document: rest };
}
const seen = (overrides: Partial<Change> = {}): Change => ({
  kind: 'seen',
  key: 'a.jpg',
  order: '',
  row: 3,
  size: 10,
  lastModified: CHANGED_AT,
  ...overrides,
});
const live = (kind: 'created' | 'removed', order = ''): Change => ({ kind, key: 'a.jpg', order, row: -1 });
const head = (overrides: Partial<ImageHead> = {}): ImageHead => ({
  etag: 'e1',
  size: 10,
  lastModified: CHANGED_AT,
  ...overrides,
});
const corrupt: Partial<Document> = { state: 'failed', reason: 'corrupt', detail: 'broken', labels: [] };
const deleted: Partial<Document> = { state: 'deleted', etag: '', size: 0, lastModified: 0, labels: [] };
const DOG = { labels: [{ name: 'Dog', confidence: 90.7 }] };

const skipped = (reason: string) => ({ step: 'done', outcome: { outcome: 'skipped', reason } });
const write = (written: Partial<Document>, outcome: object, expected: string | null = 'v1') => ({
  step: 'write',
  document: expect.objectContaining({ bucket: 'images', key: 'a.jpg', run: 'run-2', ...written }),
  expected: expected ?? undefined,
  outcome,
});
const INDEXED = { outcome: 'indexed' };
const NEW = null;

type Row = [what: string, known: Case, policy: Partial<Policy>, step: object];

describe('without a look at the image', () => {
  test.each<Row>([
    ['nothing was looked up yet', { change: seen() }, {}, { step: 'look-up' }],
    ['it is new', { change: seen(), known: null }, {}, { step: 'head' }],
    ['nothing moved', { change: seen(), known: known() }, {}, skipped('unchanged')],
    [
      'it was refused and nothing moved',
      { change: seen(), known: known(corrupt) },
      {},
      skipped('failed-before'),
    ],
    ['its size moved', { change: seen({ size: 11 }), known: known() }, {}, { step: 'head' }],
    [
      'its time moved',
      { change: seen({ lastModified: CHANGED_AT + 1 }), known: known() },
      {},
      { step: 'head' },
    ],
    [
      'its list gives no time',
      { change: { ...seen(), lastModified: NaN }, known: known() },
      {},
      { step: 'head' },
    ],
    [
      'its list gives the same etag and another time',
      { change: seen({ etag: 'e1', lastModified: 5 }), known: known() },
      {},
      skipped('unchanged'),
    ],
    ['its list gives another etag', { change: seen({ etag: 'e2' }), known: known() }, {}, { step: 'head' }],
    [
      'it was looked at within the clock’s tick',
      { change: seen(), known: known({ observedAt: CHANGED_AT + 1_999 }) },
      {},
      { step: 'head' },
    ],
    [
      'it was looked at after the clock’s tick',
      { change: seen(), known: known({ observedAt: CHANGED_AT + 2_000 }) },
      {},
      skipped('unchanged'),
    ],
    [
      'it was deleted',
      { change: seen({ size: 0, lastModified: 0 }), known: known(deleted) },
      {},
      { step: 'head' },
    ],
    ['all are labelled again', { change: seen(), known: known() }, { relabel: 'all' }, { step: 'head' }],
    [
      'only failures are, and it is none',
      { change: seen(), known: known() },
      { relabel: 'failed' },
      skipped('unchanged'),
    ],
    [
      'failures are, and it is one',
      { change: seen(), known: known(corrupt) },
      { relabel: 'failed' },
      { step: 'head' },
    ],
    [
      'outdated ones are, and it is none',
      { change: seen(), known: known() },
      { relabel: 'outdated' },
      skipped('unchanged'),
    ],
    [
      'outdated ones are, and it is one',
      { change: seen(), known: known({ labeling: 'old' }) },
      { relabel: 'outdated' },
      { step: 'head' },
    ],
    [
      'it is outdated, and nobody asked',
      { change: seen(), known: known({ labeling: 'old' }) },
      {},
      skipped('unchanged'),
    ],
    ['something happened to it', { change: live('created'), known: known() }, {}, { step: 'head' }],
    ['it is said to be gone', { change: live('removed'), known: known() }, {}, { step: 'head' }],
    [
      'an event came again',
      { change: live('created', '05'), known: known({ seq: '05' }) },
      {},
      skipped('duplicate'),
    ],
    [
      'an event came late',
      { change: live('removed', '04'), known: known({ seq: '05' }) },
      {},
      skipped('duplicate'),
    ],
    [
      'an event is news',
      { change: live('created', '06'), known: known({ seq: '05' }) },
      {},
      { step: 'head' },
    ],
  ])('%s', (_, at, policy, step) => {
    expect(decide(at, { ...POLICY, ...policy })).toEqual(step);
  });
});

describe('what the run wrote before it was interrupted is its own work', () => {
  const own = { run: 'run-2' };
  test.each<Row>([
    ['indexed', { change: seen(), known: known(own) }, {}, { step: 'done', outcome: INDEXED }],
    [
      'also when all are labelled again',
      { change: seen(), known: known(own) },
      { relabel: 'all' },
      { step: 'done', outcome: INDEXED },
    ],
    [
      'refused',
      { change: seen(), known: known({ ...own, ...corrupt }) },
      {},
      { step: 'done', outcome: { outcome: 'failed', reason: 'corrupt', detail: 'broken' } },
    ],
    ['gone', { change: seen(), known: known({ ...own, ...deleted }) }, {}, skipped('gone')],
    ['another row’s is not', { change: seen({ row: 4 }), known: known(own) }, {}, skipped('unchanged')],
    ['another run’s is not', { change: seen(), known: known() }, {}, skipped('unchanged')],
    [
      'nothing outside of runs is',
      { change: live('created'), known: known({ run: 'live', row: -1 }) },
      { run: 'live' },
      { step: 'head' },
    ],
  ])('%s', (_, at, policy, step) => {
    expect(decide(at, { ...POLICY, ...policy })).toEqual(step);
  });
});

describe('with a look at the image', () => {
  const now = CHANGED_AT + 500_000;
  const looked = (present: ImageHead | null, at: Omit<Case, 'head' | 'observedAt'>): Case => ({
    ...at,
    head: present,
    observedAt: now,
  });
  /** A list in which its time is another. */
  const moved = seen({ lastModified: CHANGED_AT + 1 });
  const touched = head({ lastModified: CHANGED_AT + 7_000 });
  const changed = head({ etag: 'e2' });
  test.each<Row>([
    [
      'an archived image waits for its restore, labelled or not',
      looked(head({ etag: 'e2', skip: 'archived' }), { change: moved, known: known() }),
      {},
      skipped('archived'),
    ],
    [
      'of one with its owner’s key nothing is known, not even that it is empty',
      looked(head({ etag: '', size: 0, skip: 'sse-c' }), { change: seen(), known: NEW }),
      {},
      skipped('sse-c'),
    ],
    [
      'an archived image that is labelled already stays so',
      looked(head({ skip: 'archived' }), { change: moved, known: known() }),
      { relabel: 'none' },
      expect.objectContaining({ outcome: { outcome: 'skipped', reason: 'unchanged' } }),
    ],
    [
      'touched: its time is noted, its labels stay',
      looked(touched, { change: seen({ lastModified: touched.lastModified }), known: known() }),
      {},
      {
        step: 'write',
        document: { ...known().document, lastModified: touched.lastModified, observedAt: now },
        expected: 'v1',
        outcome: { outcome: 'skipped', reason: 'unchanged' },
      },
    ],
    [
      'refused and touched: stays refused',
      looked(touched, { change: live('created'), known: known(corrupt) }),
      {},
      {
        step: 'write',
        document: { ...known(corrupt).document, lastModified: touched.lastModified, observedAt: now },
        expected: 'v1',
        outcome: { outcome: 'skipped', reason: 'failed-before' },
      },
    ],
    [
      'the same after all',
      looked(head(), { change: live('created'), known: known() }),
      {},
      skipped('unchanged'),
    ],
    [
      'the same, told by a later event: the order is noted',
      looked(head(), { change: live('created', '06'), known: known({ seq: '05' }) }),
      {},
      {
        step: 'write',
        document: { ...known().document, seq: '06', observedAt: now },
        expected: 'v1',
        outcome: { outcome: 'skipped', reason: 'unchanged' },
      },
    ],
    [
      'the same, but looked at too early before: the look is noted',
      looked(head(), { change: seen(), known: known({ observedAt: CHANGED_AT }) }),
      {},
      {
        step: 'write',
        document: { ...known().document, observedAt: now },
        expected: 'v1',
        outcome: { outcome: 'skipped', reason: 'unchanged' },
      },
    ],
    [
      'new: first whether its content is known',
      looked(head(), { change: seen(), known: null }),
      {},
      { step: 'find-twin', etag: 'e1' },
    ],
    [
      'new, where etags prove nothing',
      looked(head(), { change: seen(), known: null }),
      { etagIsContent: false },
      { step: 'label', head: head() },
    ],
    ['changed', looked(changed, { change: moved, known: known() }), {}, { step: 'find-twin', etag: 'e2' }],
    [
      'changed, with nothing like it',
      looked(changed, { change: moved, known: known(), twin: null }),
      {},
      { step: 'label', head: changed },
    ],
    [
      'changed into what another image is',
      looked(changed, { change: moved, known: known(), twin: document({ key: 'b.jpg', etag: 'e2' }) }),
      {},
      write({ etag: 'e2', state: 'indexed', labels: document().labels, observedAt: now, row: 3 }, INDEXED),
    ],
    [
      'like another image that is outdated',
      looked(changed, { change: moved, known: known(), twin: document({ labeling: 'old' }) }),
      {},
      { step: 'label', head: changed },
    ],
    [
      'labelled again: no copy will do',
      looked(head(), { change: moved, known: known() }),
      { relabel: 'all' },
      { step: 'label', head: head() },
    ],
    [
      'answered',
      looked(head(), { change: seen(), known: null, twin: null, answer: { etag: 'e1', answer: DOG } }),
      {},
      write(
        { state: 'indexed', labels: [{ name: 'Dog', confidence: 90 }], seq: '', lastModified: CHANGED_AT },
        INDEXED,
        NEW,
      ),
    ],
    [
      'refused',
      looked(head(), {
        change: seen(),
        known: null,
        twin: null,
        answer: { etag: 'e1', answer: { refusal: 'corrupt', detail: 'x' } },
      }),
      {},
      write(
        { state: 'failed', reason: 'corrupt', detail: 'x', labels: [] },
        { outcome: 'failed', reason: 'corrupt', detail: 'x' },
        NEW,
      ),
    ],
    [
      'answered, but it moved on meanwhile',
      looked(changed, { change: seen(), known: null, twin: null, answer: { etag: 'e1', answer: DOG } }),
      {},
      { step: 'label', head: changed },
    ],
    [
      'empty: known without a call',
      looked(head({ size: 0 }), { change: seen(), known: null }),
      {},
      write(
        { state: 'failed', reason: 'empty', size: 0 },
        { outcome: 'failed', reason: 'empty', detail: expect.any(String) },
        NEW,
      ),
    ],
    [
      'a byte too large: known without a call',
      looked(head({ size: 1_001 }), { change: seen(), known: null }),
      {},
      write(
        { state: 'failed', reason: 'too-large' },
        { outcome: 'failed', reason: 'too-large', detail: '1001 bytes; the labeler takes at most 1000' },
        NEW,
      ),
    ],
    [
      'just small enough',
      looked(head({ size: 1_000 }), { change: seen(), known: null, twin: null }),
      {},
      { step: 'label', head: head({ size: 1_000 }) },
    ],
    [
      'back after it was deleted',
      looked(head(), {
        change: live('created', '07'),
        known: known({ ...deleted, seq: '06' }),
        twin: null,
        answer: { etag: 'e1', answer: DOG },
      }),
      {},
      write({ state: 'indexed', seq: '07', row: -1 }, INDEXED),
    ],
    [
      'there, although it is said to be gone: as it is',
      looked(changed, {
        change: live('removed', '07'),
        known: known(),
        twin: null,
        answer: { etag: 'e2', answer: DOG },
      }),
      {},
      write({ state: 'indexed', etag: 'e2', seq: '07' }, INDEXED),
    ],
    ['gone before anyone knew of it', looked(null, { change: seen(), known: null }), {}, skipped('gone')],
    [
      'gone, in a list',
      looked(null, { change: moved, known: known() }),
      {},
      write({ state: 'deleted', etag: '', labels: [] }, { outcome: 'skipped', reason: 'gone' }),
    ],
    [
      'gone, by an event',
      looked(null, { change: live('removed'), known: known() }),
      {},
      write({ state: 'deleted', seq: '' }, { outcome: 'removed' }),
    ],
    [
      'gone, by an ordered event, before anyone knew of it: marked, or an older event would bring it back',
      looked(null, { change: live('removed', '07'), known: null }),
      {},
      write({ state: 'deleted', seq: '07' }, { outcome: 'removed' }, NEW),
    ],
    [
      'gone, and marked so',
      looked(null, { change: live('removed'), known: known(deleted) }),
      {},
      skipped('gone'),
    ],
    [
      'gone again, by a later event',
      looked(null, { change: live('removed', '08'), known: known({ ...deleted, seq: '07' }) }),
      {},
      write({ state: 'deleted', seq: '08' }, { outcome: 'removed' }),
    ],
    [
      'seen in a list after a live event: the event’s order stays',
      looked(changed, {
        change: moved,
        known: known({ seq: '07' }),
        twin: null,
        answer: { etag: 'e2', answer: DOG },
      }),
      {},
      write({ seq: '07', etag: 'e2' }, INDEXED),
    ],
  ])('%s', (_, at, policy, step) => {
    expect(decide(at, { ...POLICY, ...policy })).toEqual(step);
  });
});

test('every case ends after a few effects, with at most one call, whatever the answers are', () => {
  const etag = fc.constantFrom('e1', 'e2');
  const time = fc.constantFrom(CHANGED_AT, CHANGED_AT + 5_000);
  const anyHead = fc.option(fc.record({ etag, size: fc.constantFrom(0, 10, 2_000), lastModified: time }), {
    nil: null,
  });
  const anyDocument = fc
    .record({
      etag,
      size: fc.constantFrom(0, 10, 2_000),
      lastModified: time,
      observedAt: fc.constantFrom(CHANGED_AT, OBSERVED_AT),
      state: fc.constantFrom<DocumentState>('indexed', 'failed', 'deleted'),
      labeling: fc.constantFrom(fingerprint(LABELING), 'old'),
      seq: fc.constantFrom('', '05', '09'),
      run: fc.constantFrom('run-1', 'run-2'),
      row: fc.constantFrom(-1, 3),
    })
    .map(document);
  const anyChange = fc
    .record({
      kind: fc.constantFrom<Change['kind']>('seen', 'created', 'removed'),
      order: fc.constantFrom('', '05', '09'),
      row: fc.constantFrom(-1, 3),
      size: fc.constantFrom(0, 10),
      lastModified: time,
    })
    .map((change): Change => ({ key: 'a.jpg', ...change }));
  const anyAnswer = fc.constantFrom(DOG, { labels: [] }, { refusal: 'corrupt' as const, detail: '' });
  fc.assert(
    fc.property(
      anyChange,
      fc.option(anyDocument, { nil: null }),
      anyHead,
      fc.option(anyDocument, { nil: null }),
      anyAnswer,
      fc.constantFrom<Relabel>('none', 'all', 'outdated', 'failed'),
      fc.boolean(),
      (change, current, present, twin, answer, relabel, etagIsContent) => {
        const at: Case = { change };
        const policy = { ...POLICY, relabel, etagIsContent };
        let calls = 0;
        for (let effects = 0; effects < 6; effects++) {
          const step = decide(at, policy);
          switch (step.step) {
            case 'look-up':
              at.known = current && { version: 'v1', document: current };
              break;
            case 'head':
              at.head = present;
              at.observedAt = OBSERVED_AT;
              break;
            case 'find-twin':
              expect(etagIsContent).toBe(true);
              at.twin = twin;
              break;
            case 'label':
              expect(step.head.size).toBe(10);
              expect(++calls).toBe(1);
              at.answer = { etag: step.head.etag, answer };
              break;
            case 'write':
              expect(step.expected).toBe(current === null ? undefined : 'v1');
              // Only what the index has can be kept there.
              if (current === null) expect(step.document.labels).toBeDefined();
              expect(step.document.seq >= (current?.seq ?? '')).toBe(true);
              expect(step.document.state === 'deleted').toBe(present === null);
              return;
            default:
              return;
          }
        }
        expect.unreachable('it did not end');
      },
    ),
    { numRuns: 3_000 },
  );
});
