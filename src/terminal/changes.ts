import type { ChangeEvent } from '../provision/apply.ts';
import type { Change } from '../provision/plan.ts';
import { jsonText } from './output.ts';
import { type ProgressMode, showTaskList } from './progress.ts';
import { sanitise } from './sanitise.ts';

export interface ChangesProgress {
  report(event: ChangeEvent): void;
  /** Shows a line without tearing the display. */
  note(line: string): void;
  end(): Promise<void>;
}

const DOING = { create: 'creating', update: 'changing', remove: 'removing' } as const;
const DONE = { create: 'created', update: 'changed', remove: 'removed' } as const;

/** One line about a change: `create queue rekback-photos-live`. */
export const describeChange = ({ resource: { type, name }, action }: Change): string =>
  `${action} ${type} ${sanitise(name)}`;

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
  const list = await showTaskList(stream, changes.map(describeChange), env);
  const notes: string[] = [];
  return {
    report({ event, type, name }) {
      const task = changes.findIndex(({ resource }) => resource.type === type && resource.name === name);
      if (event === 'change-started') list.start(task);
      if (event === 'change-ended') list.end(task);
      if (event === 'change-failed') list.fail(task);
    },
    // Shown below the list once it stands still.
    note: (text) => void notes.push(text),
    async end() {
      await list.close();
      for (const text of notes.splice(0)) line(text);
    },
  };
}
