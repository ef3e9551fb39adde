import { type Palette, palette } from './colours.ts';
import { openDrawing } from './display.ts';
import { formatCounted, formatDuration } from './format.ts';
import { cutMiddle } from './width.ts';

/** Things that are done side by side, shown on a terminal; each is told of by its number. */
export interface TaskList {
  start(task: number): void;
  end(task: number): void;
  fail(task: number): void;
  /** Shows a line with the list, and leaves it on the screen. */
  note(line: string): void;
  /** Leaves on the screen what failed and how many are done. */
  close(): Promise<void>;
}

/** What a list shows of one thing. */
interface Task {
  title: string;
  state: 'waiting' | 'running' | 'done' | 'failed';
  /** Epoch milliseconds, of one that runs. */
  since: number;
}

export interface Drawing {
  tasks: readonly Task[];
  notes: readonly string[];
  /** Epoch milliseconds: since when, and now. */
  begun: number;
  now: number;
  /** Nothing more is done: the last drawing. */
  isClosed: boolean;
  columns: number;
  rows: number;
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/** Milliseconds that each of them is shown. */
const FRAME = 100;
/** What takes no longer than this, in milliseconds, is shown without its time. */
const NOTABLE = 3000;
/** Lines that the list leaves free: the count, the cursor's and some of what stood there before. */
const SPARE = 6;

/**
 * What failed, what is being done, the notes, and how many are done. Not what waits or is done: thirty lines would not
 * fit on the screen, and what does not move tells nothing.
 */
export function drawTasks(drawing: Drawing, { good, bad, notice, dim }: Palette): string[] {
  const { tasks, notes, begun, now, isClosed, columns, rows } = drawing;
  const line = (text: string, room = 2) => cutMiddle(text, Math.max(10, columns - 1 - room));
  const of = (state: Task['state']) => tasks.filter((task) => task.state === state);
  const failed = of('failed').map(({ title }) => `${bad('✖')} ${line(title)}`);
  const spinner = notice(SPINNER[Math.floor(now / FRAME) % SPINNER.length] ?? '');
  const running = isClosed
    ? []
    : of('running').map(({ title, since }) => {
        const time = now - since < NOTABLE ? '' : ` ${formatDuration(seconds(now - since))}`;
        return `${spinner} ${line(title, 2 + time.length)}${dim(time)}`;
      });
  const room = Math.max(1, rows - SPARE - failed.length - notes.length);
  const more = running.length - room;
  if (more > 0) running.splice(room - 1, running.length, `  … and ${more + 1} more`);
  const done = of('done').length;
  const waiting = of('waiting').length;
  const isWhole = done === tasks.length;
  const count = [
    `${done} of ${formatCounted(tasks.length, 'change')} made`,
    !isClosed && waiting > 0 ? `${waiting} waiting` : '',
    formatDuration(seconds(now - begun)),
  ];
  const mark = isWhole ? good('✔') : ' ';
  return [...failed, ...running, ...notes.map((note) => `  ${line(note)}`), `${mark} ${counts(count)}`];
}

const counts = (parts: readonly string[]) => parts.filter((part) => part !== '').join(' · ');

/** Whole ones: tenths that fly by only distract. */
const seconds = (milliseconds: number) => Math.floor(milliseconds / 1000) * 1000;

/** Shows a list on a terminal until it is closed. All wait at first. */
export async function showTaskList(
  stream: NodeJS.WriteStream,
  titles: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  now: () => number = Date.now,
): Promise<TaskList> {
  const tasks: Task[] = titles.map((title) => ({ title, state: 'waiting', since: 0 }));
  const notes: string[] = [];
  const begun = now();
  const colour = palette(stream, env);
  let isClosed = false;
  const { close } = await openDrawing(stream, () => {
    const { columns = 80, rows = 24 } = stream;
    return drawTasks({ tasks, notes, begun, now: now(), isClosed, columns, rows }, colour).join('\n');
  });
  const set = (state: Task['state']) => (number: number) => {
    const task = tasks[number];
    if (task !== undefined) Object.assign(task, { state, since: now() });
  };
  return {
    start: set('running'),
    end: set('done'),
    fail: set('failed'),
    note: (line) => void notes.push(line),
    close() {
      isClosed = true;
      return close();
    },
  };
}
