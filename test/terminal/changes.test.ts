import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { Change } from '../../src/provision/plan.ts';
import { describeThings, showChanges } from '../../src/terminal/changes.ts';

const resource = { after: [], isWanted: () => true } as unknown as Change['resource'];
const CHANGES: Change[] = [
  {
    resource: { ...resource, type: 'queue', name: 'live\x1b' },
    found: { state: 'absent' },
    action: 'create',
  },
  { resource: { ...resource, type: 'role', name: 'worker' }, found: { state: 'present' }, action: 'remove' },
];

async function shown(mode: 'plain' | 'json' | 'none' | 'auto') {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream;
  const { report, note, end } = await showChanges(CHANGES, mode, stream, {});
  report({ event: 'change-started', type: 'queue', name: 'live\x1b', action: 'create' });
  report({ event: 'change-ended', type: 'queue', name: 'live\x1b', action: 'create' });
  report({ event: 'change-started', type: 'role', name: 'worker', action: 'remove' });
  report({ event: 'change-failed', type: 'role', name: 'worker', action: 'remove' });
  note('a note');
  await end();
  return String(stream.read());
}

test.each(['plain', 'auto'] as const)(
  '%s: a line for each beginning and end, without a terminal',
  async (mode) => {
    expect(await shown(mode)).toBe(
      'creating queue live\\x1b\ncreated queue live\\x1b\nremoving role worker\nFAILED to remove role worker\na note\n',
    );
  },
);

test('json: an object for each', async () => {
  const lines = (await shown('json')).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { event: 'change-started', type: 'queue', name: 'live\x1b', action: 'create' },
    { event: 'change-ended', type: 'queue', name: 'live\x1b', action: 'create' },
    { event: 'change-started', type: 'role', name: 'worker', action: 'remove' },
    { event: 'change-failed', type: 'role', name: 'worker', action: 'remove' },
    { event: 'note', message: 'a note' },
  ]);
});

test('none: notes only', async () => {
  expect(await shown('none')).toBe('a note\n');
});

test('things stand below each other', () => {
  expect(
    describeThings([
      { type: 'queue', name: 'a' },
      { type: 'log-group', name: '/b' },
    ]),
  ).toEqual(['queue      a', 'log-group  /b']);
  expect(describeThings([])).toEqual([]);
});
