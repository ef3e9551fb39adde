import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { palette } from '../../src/terminal/colours.ts';
import { type Drawing, drawTasks, showTaskList } from '../../src/terminal/task-list.ts';

const PLAIN = palette({ isTTY: false }, {});
type Task = Drawing['tasks'][number];
const task = (state: Task['state'], title = `making ${state}`, since = 0): Task => ({ title, state, since });

const draw = (tasks: Task[], more: Partial<Drawing> = {}) =>
  drawTasks(
    { tasks, notes: [], begun: 0, now: 2000, isClosed: false, columns: 80, rows: 24, ...more },
    PLAIN,
  );

test('what failed and what is being done, not what waits or is done; then how many', () => {
  const tasks = [task('done'), task('running'), task('waiting'), task('failed'), task('waiting')];
  expect(draw(tasks)).toEqual([
    '✖ making failed',
    '⠋ making running',
    '  1 of 5 changes made · 2 waiting · 2 s',
  ]);
});

test('what takes long shows how long, without tenths', () => {
  const lines = draw([task('running', 'domain', 1000), task('running', 'queue', 303_000)], { now: 305_900 });
  expect(lines).toEqual(['⠏ domain 5 min 4 s', '⠏ queue', '  0 of 2 changes made · 5 min 5 s']);
});

test.each([
  [24, 40, 0],
  [24, 40, 12],
  [10, 3, 0],
  [24, 18, 0],
])('on a screen of %i lines %i at work and %i failed fit', (rows, running, failed) => {
  const tasks = [
    ...Array.from({ length: running }, (_, index) => task('running', `task ${index}`)),
    ...Array.from({ length: failed }, () => task('failed')),
  ];
  const lines = draw(tasks, { rows });
  expect(lines.length).toBeLessThanOrEqual(rows - 2);
  const shown = lines.filter((line) => /task \d+$/.test(line)).length;
  const more = Number(/… and (\d+) more/.exec(lines.join('\n'))?.[1] ?? 0);
  expect(shown + more).toBe(running);
});

test('no line is wider than the screen, whatever its name', () => {
  const lines = draw([task('running', `creating ${'x'.repeat(200)}`), task('failed', 'ü'.repeat(200))], {
    columns: 40,
    now: 60_000,
    notes: ['nothing more is begun; the same command goes on from here'],
  });
  for (const line of lines) expect(line.length).toBeLessThan(40);
  expect(lines[1]).toMatch(/…x+ 1 min$/);
});

test('at the end what failed, the notes and the count stay', () => {
  const tasks = [task('done'), task('running'), task('waiting'), task('failed')];
  expect(draw(tasks, { isClosed: true, notes: ['nothing more is begun'] })).toEqual([
    '✖ making failed',
    '  nothing more is begun',
    '  1 of 4 changes made · 2 s',
  ]);
  expect(draw([task('done')], { isClosed: true })).toEqual(['✔ 1 of 1 change made · 2 s']);
});

test('on a terminal it is drawn in place and leaves its last state', async () => {
  const stream = Object.assign(new PassThrough(), {
    isTTY: true,
    columns: 80,
    rows: 24,
  }) as unknown as NodeJS.WriteStream;
  const list = await showTaskList(stream, ['creating queue', 'creating role'], {}, () => 0);
  list.start(0);
  list.end(0);
  list.start(1);
  list.fail(1);
  list.note('a note');
  await list.close();
  const output = String(stream.read());
  const last = stripVTControlCharacters(output).slice(stripVTControlCharacters(output).lastIndexOf('✖'));
  expect(last.trimEnd()).toBe('✖ creating role\n  a note\n  1 of 2 changes made · 0 s');
  expect(output.lastIndexOf('\x1b[?25h')).toBeGreaterThan(output.lastIndexOf('\x1b[?25l'));
});
