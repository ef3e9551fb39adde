import type { ListrTask as AnyTask, DefaultRenderer } from 'listr2';
import type { Palette } from './colours.ts';

export type ListrTask = AnyTask<unknown, typeof DefaultRenderer>;

/** A part of the terminal that is drawn again and again. Begun when it is returned. */
export interface Display {
  /** Once the tasks are settled and their last state stands on the screen. */
  ended(): Promise<void>;
}

/** Shows tasks as listr2 does, on standard error. */
export async function openDisplay(
  stream: NodeJS.WriteStream,
  colour: Palette,
  tasks: ListrTask[],
): Promise<Display> {
  const { ListrDefaultRendererLogLevels } = await import('listr2');
  return display(stream, tasks, {
    // Its yellow can't be read on white.
    color: { [ListrDefaultRendererLogLevels.PENDING]: (icon = '') => colour.notice(icon) },
    showErrorMessage: false,
    formatOutput: 'truncate',
  });
}

/** Shows what `draw` returns, ten times a second and once more at the end, which `close` brings about. */
export async function openDrawing(
  stream: NodeJS.WriteStream,
  draw: () => string,
): Promise<{ close(): Promise<void> }> {
  const finished = deferred<void>();
  const { ended } = await display(stream, [{ task: () => finished.promise }], {}, draw);
  return {
    close: () => {
      finished.resolve();
      return ended();
    },
  };
}

async function display(
  stream: NodeJS.WriteStream,
  tasks: ListrTask[],
  options: object,
  draw?: () => string,
): Promise<Display> {
  const { DefaultRenderer, Listr, ListrLogger, ProcessOutput } = await import('listr2');
  const { PassThrough } = await import('node:stream');
  // listr2 asks whether stdout is a terminal and offers to pretend so; the display is on stderr, and stdout may be a file.
  class StderrRenderer extends DefaultRenderer {
    static override nonTTY = true;

    override create(...args: Parameters<DefaultRenderer['create']>): string {
      return draw?.() ?? super.create(...args);
    }
  }
  // listr2 holds back what others write to its two streams; results on stdout must not wait for the display to end.
  const unused = Object.assign(new PassThrough(), { columns: 0 }) as unknown as NodeJS.WriteStream;
  const list = new Listr(tasks, {
    concurrent: true,
    renderer: StderrRenderer,
    rendererOptions: {
      logger: new ListrLogger({
        useIcons: true,
        toStderr: [],
        processOutput: new ProcessOutput(stream, unused),
      }),
      ...options,
    },
    exitOnError: false,
    registerSignalListeners: false,
  });
  // A second Ctrl-C ends the process while the cursor is hidden and listr2 holds back what is written.
  const write = stream.write.bind(stream);
  const showCursor = () => void write('\x1b[?25h');
  process.once('exit', showCursor);
  const run = list.run();
  return {
    async ended() {
      await run;
      process.off('exit', showCursor);
    },
  };
}

/** `Promise.withResolvers` came with Node 22. */
export function deferred<Value>() {
  let resolve: (value: Value) => void = () => {};
  let reject: (reason: Error) => void = () => {};
  const promise = new Promise<Value>((settle, refuse) => {
    resolve = settle;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
