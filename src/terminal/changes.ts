import type { ChangeEvent } from '../provision/apply.ts';
import type { Change } from '../provision/plan.ts';
import { jsonText } from './output.ts';
import type { ProgressMode } from './progress.ts';
import { sanitise } from './sanitise.ts';
import { showTaskList } from './task-list.ts';

export interface ChangesProgress {
  report(event: ChangeEvent): void;
  /** Shows a line without tearing the display. */
  note(line: string): void;
  end(): Promise<void>;
}

const DOING = { create: 'creating', update: 'changing', remove: 'removing' } as const;
const DONE = { create: 'created', update: 'changed', remove: 'removed' } as const;

/** Things by type and name, the names below each other. */
export function describeThings(things: readonly { type: string; name: string }[]): string[] {
  const width = Math.max(0, ...things.map(({ type }) => type.length));
  return things.map(({ type, name }) => `${type.padEnd(width)}  ${sanitise(name)}`);
}

/** A list of tasks on a terminal, otherwise a line per change; or one JSON object per line; or nothing. */
export async function showChanges(
  changes: readonly Change[],
  mode: ProgressMode,
  stream: NodeJS.WriteStream = process.stderr,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ChangesProgress> {
  const line = (text: string) => void stream.write(`${text}\n`);
  const end = async () => {};
  if (mode === 'none' || changes.length === 0) return { report: () => {}, note: line, end };
  if (mode === 'json') {
    const object = (value: object) => line(jsonText(value, false));
    return { report: object, note: (message) => object({ event: 'note', message }), end };
  }
  if (mode === 'plain' || !stream.isTTY || env.TERM === 'dumb') {
    return {
      report({ event, type, name, action }) {
        if (event === 'change-started') line(`${DOING[action]} ${type} ${sanitise(name)}`);
        if (event === 'change-ended') line(`${DONE[action]} ${type} ${sanitise(name)}`);
        if (event === 'change-failed') line(`FAILED to ${action} ${type} ${sanitise(name)}`);
      },
      note: line,
      end,
    };
  }
  const things = describeThings(changes.map(({ resource }) => resource));
  const titles = changes.map(
    ({ action, resource }, index) => `${resource.byOwner ? 'checking' : DOING[action]} ${things[index]}`,
  );
  const list = await showTaskList(stream, titles, env);
  let note = list.note;
  return {
    report({ event, type, name }) {
      const task = changes.findIndex(({ resource }) => resource.type === type && resource.name === name);
      if (event === 'change-started') list.start(task);
      if (event === 'change-ended') list.end(task);
      if (event === 'change-failed') list.fail(task);
    },
    note: (text) => note(text),
    async end() {
      await list.close();
      note = line;
    },
  };
}
