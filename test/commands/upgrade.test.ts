import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RECORD_FORMAT } from '../../src/stack/record.ts';
import { everything } from '../provision/stack.ts';
import { type AwsWorkspace, awsWorkspace, BUCKET, SETUP } from './aws-workspace.ts';
import { contents, type Workspace, workspace } from './workspace.ts';

const RECORD = { Bucket: 'rekback-images-111122223333-eu-west-1', Key: 'stack.json' };

interface Stored {
  format: number;
  settings: Record<string, number>;
  aws: Record<string, unknown>;
}

/** As the first versions wrote it: without the settings and options that came later. */
function older({ settings: { 'live-max-per-day': _, ...settings }, ...record }: Stored): Stored {
  const { image: __, ...aws } = record.aws;
  return { ...record, format: RECORD_FORMAT - 1, settings: { ...settings, rate: 7 }, aws };
}

const newer = ({ settings, ...record }: Stored) => ({
  ...record,
  format: 99,
  settings: { ...settings, invented: 1 },
  invented: { later: true },
});

describe('a stack on AWS', () => {
  let space: AwsWorkspace;
  let made: ReturnType<AwsWorkspace['world']['store']['snapshot']>;

  beforeAll(async () => {
    space = await awsWorkspace();
    await space.again();
    await space.json([...SETUP, '--yes']);
    made = space.world.store.snapshot();
  }, 120_000);
  beforeEach(() => space.world.store.restore(made));
  afterAll(() => space.remove());

  const s3 = () => new S3Client(space.world.client());
  const readStored = async (): Promise<Stored> => {
    const { Body } = await s3().send(new GetObjectCommand(RECORD));
    return JSON.parse((await Body?.transformToString()) ?? '');
  };
  const store = (record: object) =>
    s3().send(new PutObjectCommand({ ...RECORD, Body: `${JSON.stringify(record, undefined, 2)}\n` }));

  test('that an older version made is read as it is, and upgraded by setup: only its record', async () => {
    const before = await readStored();
    const present = everything(space.world);
    await store(older(before));

    space.world.journal.clear();
    const { resources, notes } = await space.json<{ resources: { state: string }[]; notes: string[] }>([
      'status',
    ]);
    expect(new Set(resources.map(({ state }) => state))).toEqual(new Set(['present']));
    expect(notes).toEqual([]);
    expect((await space.json<{ settings: object[] }>(['settings'])).settings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'rate', value: 7 }),
        expect.objectContaining({ name: 'live-max-per-day', value: 0 }),
      ]),
    );
    expect(await space.json(['live', 'status'])).toMatchObject({ live: { maxPerDay: null } });
    expect(space.world.journal.mutating()).toEqual([]);

    const { changes } = await space.json<{ changes: object[] }>(['setup', '--bucket', BUCKET, '--yes']);
    expect(changes).toEqual([expect.objectContaining({ action: 'update', type: 'record' })]);
    expect(await readStored()).toEqual({
      ...before,
      format: RECORD_FORMAT,
      settings: { ...before.settings, rate: 7 },
    });
    const written = space.world.journal.mutating().map(({ service, input }) => {
      const { Key, key = Key } = input as { Key?: string; key?: string };
      return `${service} ${key}`;
    });
    expect(written.filter((each) => !/^s3 leases\//.test(each))).toEqual(['s3 stack.json']);

    expect(await space.json(['setup', '--bucket', BUCKET, '--yes'])).toMatchObject({ changes: [] });
    // But for the record nothing is other than before anything was older.
    await store(before);
    expect(withoutTimes(everything(space.world))).toEqual(withoutTimes(present));
  }, 120_000);

  test('that a newer version made is read, and never written', async () => {
    await store(newer(await readStored()));
    const before = everything(space.world);
    space.world.journal.clear();
    expect(await space.json(['status'])).toMatchObject({
      stack: BUCKET,
      notes: ['this stack was set up by a newer rekback; this one only reads it'],
    });
    expect(await space.json(['stacks'])).toMatchObject({ stacks: [{ name: BUCKET, state: 'complete' }] });
    for (const args of [['settings'], ['live', 'status'], ['backfill', 'list']]) await space.json(args);

    for (const args of [
      ['setup', '--bucket', BUCKET, '--yes'],
      ['setup', '--bucket', BUCKET, '--max-vcpus', '2', '--yes'],
      ['backfill', 'now'],
      ['backfill', 'now', '--yes'],
      ['backfill', 'retry', '--yes'],
      ['backfill', 'cancel'],
      ['index', 'rebuild'],
      ['settings', 'set', 'rate=1'],
      ['live', 'pause'],
      ['live', 'resume'],
      ['teardown', '--yes'],
    ]) {
      const { error } = await space.json<{ error: object }>(args, 1);
      expect(error, args.join(' ')).toMatchObject({
        code: 'stack-newer',
        message: `stack 'images' was set up by a newer rekback (format 99; this one writes ${RECORD_FORMAT})`,
        suggestions: [expect.stringContaining('update rekback'), expect.any(String)],
      });
    }
    expect(space.world.journal.mutating()).toEqual([]);
    expect(everything(space.world)).toBe(before);
  }, 120_000);
});

/** Versions and dates of objects tell only that they were written. */
const withoutTimes = (text: string) =>
  text.replaceAll(/"(lastModified|versionId|modified|sequencer)": [^,\n]+/g, '"$1": 0');

describe('a stack on this machine', () => {
  let space: Workspace;
  beforeAll(async () => {
    space = await workspace();
    await space.json(['setup', '--folder', 'photos/animals']);
    await space.json(['backfill', 'now']);
  }, 60_000);
  afterAll(() => space.remove());

  test('that an older version made is read as it is, and upgraded by setup: only its record', async () => {
    const path = join(space.home, 'stacks/animals/stack.json');
    const before = JSON.parse(await readFile(path, 'utf8'));
    const { 'live-max-per-day': _, ...settings } = before.settings;
    await writeFile(path, JSON.stringify({ ...before, format: 0, settings: { ...settings, rate: 7 } }));
    const files = await contents(space.home);
    const runs = await space.json<{ runs: object[] }>(['backfill', 'list']);
    expect(await space.json(['search', 'dog'])).toMatchObject({ total: 4 });
    expect(await space.json(['status'])).toMatchObject({ notes: [] });
    expect(await contents(space.home)).toEqual(files);

    const { changes } = await space.json<{ changes: object[] }>(['setup', '--folder', 'photos/animals']);
    expect(changes).toEqual([{ action: 'update', type: 'record', name: expect.any(String) }]);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      ...before,
      settings: { ...before.settings, rate: 7 },
    });
    expect(await contents(space.home)).toEqual({ ...files, [path]: expect.any(String) });
    expect(await space.json(['setup', '--folder', 'photos/animals'])).toMatchObject({ changes: [] });
    expect(await space.json(['backfill', 'list'])).toEqual(runs);
    expect(await space.json(['search', 'dog'])).toMatchObject({ total: 4 });
  });
});
