import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/runtime/progress.ts';
import { type ProgressOptions, showProgress } from '../../src/terminal/progress.ts';

const run = 'r1';

function progress(done: number, more: Partial<Extract<RunEvent, { event: 'progress' }>> = {}): RunEvent {
  const counts = {
    total: 5_000,
    indexed: done,
    skipped: {},
    failed: {},
    pending: 5_000 - done,
    labelCalls: done,
  };
  return { event: 'progress', run, imagesPerSecond: 40, ...counts, ...more };
}

function failed(key: string): RunEvent {
  return { event: 'image-failed', run, key, reason: 'corrupt', detail: 'no end' };
}

async function shown(
  options: Partial<ProgressOptions>,
  feed: (at: (event: RunEvent, time?: number) => void) => void,
) {
  const stream = Object.assign(new PassThrough(), {
    isTTY: false,
    columns: 100,
  }) as unknown as NodeJS.WriteStream;
  let time = 0;
  const display = await showProgress({ mode: 'auto', stream, env: {}, now: () => time, ...options });
  feed((event, seconds = 0) => {
    time = seconds * 1000;
    display.report(event);
  });
  display.note('a note');
  await display.end();
  return String(stream.read() ?? '');
}

describe('without a terminal', () => {
  test('a count, and what it comes to', async () => {
    const lines = await shown({}, (at) => {
      at({ event: 'listing', objects: 1_000 });
      at({ event: 'listing', objects: 5_000 }, 9);
      at({ event: 'listing', objects: 90_000 }, 10);
      at({ event: 'listed', objects: 90_001 }, 11);
    });
    expect(lines).toBe(
      'Listed so far: 1,000 objects\nListed so far: 90,000 objects\nListed: 90,001 objects\na note\n',
    );
  });

  test('phases at once, then a line every ten seconds, and the last state', async () => {
    const lines = await shown({}, (at) => {
      at({ event: 'run-started', run, resumed: false });
      at({ event: 'planning', run, rows: 1_000 }, 0);
      at({ event: 'planning', run, rows: 5_000 }, 9.9);
      at(progress(100, { secondsLeft: 122.5 }), 10);
      at(progress(300), 19.9);
      at(progress(500, { skipped: { unchanged: 30, format: 2 }, failed: { corrupt: 2 } }), 20);
      at(progress(5_000), 25);
      at({ event: 'run-ended', run, state: 'succeeded' });
    });
    expect(lines).toMatchInlineSnapshot(`
      "Starting run r1
      Reading the images: 1,000
      100 of 5,000 images · 40/s · 2 min 3 s left
      500 of 5,000 images · 40/s · 32 skipped · 2 failed
      5,000 of 5,000 images · 40/s
      Run r1 succeeded
      a note
      "
    `);
  });

  test('a few failed images by name', async () => {
    const lines = await shown({}, (at) => {
      for (let n = 1; n <= 20; n++) at(failed(`bad\x1b${n}.jpg`));
    });
    expect(lines).toMatchInlineSnapshot(`
      "Failed (corrupt): bad\\x1b1.jpg: no end
      Failed (corrupt): bad\\x1b2.jpg: no end
      Failed (corrupt): bad\\x1b3.jpg: no end
      Failed (corrupt): bad\\x1b4.jpg: no end
      Failed (corrupt): bad\\x1b5.jpg: no end
      … see rekback failures list
      a note
      "
    `);
  });
});

test('json is one event per line, all of them', async () => {
  const events = [progress(1), failed('a\nb.jpg'), progress(2)];
  const lines = await shown({ mode: 'json' }, (at) => {
    for (const event of events) at(event);
  });
  const note = { event: 'note', message: 'a note' };
  expect(
    lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([...events, note]);
});

test('none shows notes only', async () => {
  expect(await shown({ mode: 'none' }, (at) => at(progress(1)))).toBe('a note\n');
});

describe('on a terminal', () => {
  const terminal = () =>
    Object.assign(new PassThrough(), {
      isTTY: true,
      columns: 100,
      rows: 40,
    }) as unknown as NodeJS.WriteStream;

  test.each([
    ['succeeded', '✔'],
    ['failed', '✖'],
  ])('one live line with failed images below; at the end of a run that %s %s', async (state, icon) => {
    const stream = terminal();
    const display = await showProgress({ mode: 'auto', stream, env: {} });
    display.report(progress(1_200, { secondsLeft: 95 }));
    display.report(failed('broken.jpg'));
    display.note('finishing');
    display.report({ event: 'run-ended', run, state });
    await display.end();
    const output = String(stream.read());
    const last = stripVTControlCharacters(output).slice(stripVTControlCharacters(output).lastIndexOf(icon));
    expect(last).toContain('1,200 of 5,000 images · 40/s · 1 min 35 s left');
    expect(last).toContain('Failed (corrupt): broken.jpg: no end');
    expect(last).toContain('finishing');
    // The cursor that was hidden is shown again.
    expect(output.lastIndexOf('\x1b[?25h')).toBeGreaterThan(output.lastIndexOf('\x1b[?25l'));
  });

  test('a run whose jobs are submitted is done with', async () => {
    const stream = terminal();
    const display = await showProgress({ mode: 'auto', stream, env: {} });
    display.report({ event: 'run-submitted', run });
    await display.end();
    expect(stripVTControlCharacters(String(stream.read()))).toContain(`✔ Submitted run ${run}`);
  });

  test('an exit in the middle shows the cursor again', async () => {
    const stream = terminal();
    const before = new Set(process.listeners('exit'));
    const display = await showProgress({ mode: 'auto', stream, env: {} });
    display.report(progress(1));
    const [leave] = process.listeners('exit').filter((listener) => !before.has(listener));
    leave?.(130);
    expect(String(stream.read())).toMatch(/\[\?25h$/);
    await display.end();
    expect(process.listeners('exit')).not.toContain(leave);
  });

  test('a note after the end is a line of its own', async () => {
    const stream = terminal();
    const display = await showProgress({ mode: 'auto', stream, env: {} });
    await display.end();
    await display.end();
    stream.read();
    display.note('what comes next');
    expect(String(stream.read())).toBe('what comes next\n');
  });

  test('a dumb one gets plain lines', async () => {
    const stream = terminal();
    const display = await showProgress({ mode: 'auto', stream, env: { TERM: 'dumb' } });
    display.report(progress(1));
    await display.end();
    expect(String(stream.read())).toBe('1 of 5,000 images · 40/s\n');
  });
});
