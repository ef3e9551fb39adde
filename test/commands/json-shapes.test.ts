import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setObjectCount } from '../aws/cloudwatch/service.ts';
import { type AwsWorkspace, awsWorkspace, BUCKET, SETUP } from './aws-workspace.ts';
import { allCommands } from './commands.ts';
import { type Workspace, workspace } from './workspace.ts';

// Objects may gain fields and lose none, so every shape is compared with toMatchObject.
const text = expect.any(String);
const count = expect.any(Number);
const list = expect.any(Array);
const counts = expect.any(Object);
const date = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

const run = {
  id: text,
  state: expect.stringMatching(/^(planning|running|succeeded|failed|stopped|cancelled|interrupted)$/),
  total: count,
  indexed: count,
  skipped: counts,
  failed: counts,
  pending: count,
  labelCalls: count,
  startedAt: date,
  endedAt: date,
};
const sample = { looked: count, withKeywords: count };
const page = (state: string) => ({ images: [{ key: text, state, reason: text, run: text }], next: count });
const setting = { name: text, value: count, summary: text };

/** A command line for every command, and what its value must have at least. `exit` where it is not 0. */
const SHAPES: Readonly<Record<string, { args?: string[]; exit?: number; shape: object }>> = {
  setup: {
    args: ['--folder', 'photos'],
    shape: {
      stack: 'photos',
      dryRun: false,
      changes: [
        { action: 'create', type: 'record', name: text },
        { action: 'create', type: 'index', name: text },
      ],
      sample,
    },
  },
  'backfill now': { exit: 3, shape: { run } },
  'backfill list': { shape: { runs: [run] } },
  'backfill show': { shape: { run } },
  'backfill watch': { exit: 3, shape: { run } },
  'backfill cancel': { shape: { run } },
  'backfill retry': { exit: 3, shape: { run } },
  'images list': { args: ['--state', 'skipped', '--limit', '1'], shape: page('skipped') },
  'failures list': { args: ['--limit', '1'], shape: page('failed') },
  show: {
    args: ['animals/puppy.jpg'],
    shape: {
      key: 'animals/puppy.jpg',
      state: 'indexed',
      reason: null,
      detail: text,
      advice: null,
      run: text,
      outdated: false,
      labels: expect.arrayContaining([{ name: 'Puppy', confidence: 100 }]),
    },
  },
  search: {
    args: ['dog', '--limit', '1'],
    shape: {
      total: 4,
      totalExact: true,
      next: text,
      images: [
        {
          bucket: text,
          key: text,
          size: count,
          lastModified: count,
          labels: expect.arrayContaining([{ name: 'dog', confidence: 100 }]),
        },
      ],
    },
  },
  labels: { args: ['do*'], shape: { labels: [{ name: 'Dog', images: 4 }] } },
  status: {
    shape: {
      stack: 'photos',
      resources: [
        { type: 'images', name: text, state: 'present' },
        { type: 'record', name: text, state: 'present' },
        { type: 'index', name: text, state: 'present' },
      ],
      index: { images: 27, failed: 2, bytes: count },
      runs: [run, run],
      live: null,
      cost: { monthly: 0, spent: 0 },
      notes: list,
    },
  },
  settings: { shape: { stack: 'photos', settings: expect.arrayContaining([setting]) } },
  'settings set': {
    args: ['rate=0'],
    shape: { stack: 'photos', settings: expect.arrayContaining([setting]) },
  },
  live: { args: ['--once'], shape: { live: { indexed: 0, removed: 0, failed: 0, unchanged: 29 } } },
  stacks: { shape: { stacks: [{ name: 'photos', kind: 'local', images: text, createdAt: date }] } },
  estimate: {
    args: ['--folder', 'photos', '--rate', '10'],
    shape: {
      images: text,
      prefix: null,
      account: null,
      region: null,
      countedBy: 'listing',
      countedAt: date,
      objects: 31,
      bytes: count,
      labelers: [
        {
          labeler: 'keywords',
          images: 28,
          callsPerSecond: null,
          hours: null,
          hoursFormula: null,
          dollars: 0,
        },
        {
          labeler: 'rekognition',
          images: 24,
          bytes: count,
          withoutCall: { format: { objects: 5, bytes: count }, empty: { objects: 1, bytes: 0 } },
          calls: 24,
          callsPerSecond: 10,
          hours: count,
          hoursFormula: text,
          dollars: count,
          lines: [{ what: text, formula: text, dollars: count }],
          notes: list,
        },
      ],
      idle: null,
      notes: list,
    },
  },
  // What it prints of a stack on AWS is in logs.test.ts.
  ...Object.fromEntries(
    ['pause', 'redrive', 'resume', 'status'].map((verb) => [
      `live ${verb}`,
      { exit: 1, shape: { error: { code: 'not-on-aws', message: text, suggestions: list } } },
    ]),
  ),
  logs: { exit: 1, shape: { error: { code: 'not-on-aws', message: text, suggestions: list } } },
  // No AWS is set up here, and that is all it says.
  doctor: {
    exit: 1,
    shape: { checks: [{ name: 'region', state: 'problem', message: text, suggestions: list }] },
  },
  'index rebuild': { shape: { documents: 29, parts: count } },
  'help query': { shape: { help: text } },
  try: {
    args: ['photos'],
    shape: {
      stack: 'photos',
      sample,
      run,
      labels: expect.arrayContaining([{ name: text, images: count }]),
      searches: [
        { query: text, images: count, command: text },
        { query: text, images: count, command: text },
        { query: text, images: count, command: text },
      ],
    },
  },
  teardown: {
    args: ['--yes'],
    shape: { removed: expect.arrayContaining([{ type: 'record', name: text }]), left: [], kept: [] },
  },
};

let space: Workspace;

beforeAll(async () => {
  space = await workspace();
});

afterAll(() => space.remove());

test('every command has a shape', async () => {
  const names = (await allCommands()).map(({ name }) => name);
  expect(Object.keys(SHAPES).sort()).toEqual(names);
});

// In this order, on one stack: it begins with `setup` and ends with `teardown`.
test.each(Object.entries(SHAPES))('%s', async (name, { args = [], exit = 0, shape }) => {
  expect(await space.json([...name.split(' '), ...args], exit)).toMatchObject({ schemaVersion: 1, ...shape });
});

test('a dry run, and a setup that labels', async () => {
  const setup = ['setup', '--folder', 'photos', '--backfill', 'auto'];
  expect(await space.json(setup, 3)).toMatchObject({ run });
  expect(await space.json(['backfill', 'now', '--dry-run'])).toMatchObject({
    dryRun: { run: null, total: 31, skipped: counts, failed: counts, toLabel: 0, cost: 0 },
  });
});

test('teardown tells what it kept', async () => {
  const labels = join(space.folder, 'labels.ndjson.gz');
  expect(await space.json(['teardown', '--yes', '--keep-index', '--keep-labels', labels])).toMatchObject({
    kept: expect.arrayContaining([
      { type: 'labels', name: labels },
      { type: 'index', name: text },
    ]),
  });
});

describe('on AWS', () => {
  const change = { action: 'create', type: text, name: text };
  const check = {
    name: text,
    state: expect.stringMatching(/^(ok|warning|problem)$/),
    message: text,
    suggestions: list,
  };
  const cost = {
    dollars: count,
    lines: expect.arrayContaining([{ what: text, formula: text, dollars: count }]),
    notes: list,
  };
  const policy = [{ Sid: text, Effect: 'Allow', Action: list, Resource: list, Principal: { AWS: list } }];
  const document = { file: text, json: counts, command: text };
  const things = expect.arrayContaining([{ type: 'bucket', name: text }]);

  /** In this order, on one stack. */
  const lines: [line: string, shape: object][] = [
    [
      'setup --dry-run --bucket-changes print',
      {
        dryRun: true,
        changes: expect.arrayContaining([change, { ...change, byOwner: true }]),
        bucketChanges: {
          notification: document,
          inventory: document,
          policy: { bucket: expect.arrayContaining(policy), key: [] },
        },
      },
    ],
    [
      'setup --yes',
      {
        stack: 'images',
        account: text,
        region: text,
        dryRun: false,
        changes: expect.arrayContaining([change]),
        notifications: [text],
        forecast: {
          idle: cost,
          backfill: { ...cost, calls: count, hours: count, hoursFormula: text, measuredAt: date },
          callsPerSecond: count,
          notes: list,
        },
        checks: list,
      },
    ],
    [
      'status',
      {
        stack: 'images',
        region: text,
        account: text,
        images: 's3://images',
        resources: expect.arrayContaining([{ type: 'bucket', name: text, state: 'present' }]),
        runs: [],
        live: {
          by: 's3',
          state: 'Enabled',
          queue: { waiting: count, inFlight: count },
          deadLetters: { waiting: 0, inFlight: 0 },
          labelCalls: { today: 0, last24Hours: 0, byMonth: {} },
          unknown: {},
        },
        inventory: { listedAt: null, ageHours: null, unknown: null },
        cost: { monthly: count, spent: 0, labelCalls: { runs: 0, live: 0 }, idle: cost },
        notes: list,
      },
    ],
    [
      'stacks',
      {
        stacks: [
          {
            name: 'images',
            kind: 'aws',
            images: text,
            createdAt: date,
            region: text,
            account: text,
            state: 'complete',
          },
        ],
      },
    ],
    [
      'estimate --bucket images',
      {
        images: 's3://images',
        account: text,
        region: text,
        countedBy: 'listing',
        objects: 1,
        labelers: [{ ...cost, labeler: 'rekognition', images: 1, hours: count, hoursFormula: text }],
        idle: cost,
      },
    ],
    ['doctor', { checks: expect.arrayContaining([check]) }],
    ['teardown --yes', { removed: things, left: [], kept: [] }],
  ];

  let aws: AwsWorkspace;
  beforeAll(async () => {
    aws = await awsWorkspace();
    await aws.again();
    setObjectCount(aws.world, { account: '111122223333', region: 'eu-west-1' }, BUCKET, 1000);
  });
  afterAll(() => aws.remove());

  test.each(lines)('%s', async (line, shape) => {
    const [command = '', ...flags] = line.split(' ');
    const args = command === 'setup' ? [...SETUP, ...flags] : [command, ...flags];
    expect(await aws.json(args)).toMatchObject({ schemaVersion: 1, ...shape });
  });
});
