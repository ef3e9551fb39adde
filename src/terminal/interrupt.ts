/** Why a signal of `onInterrupt` was aborted; the command ends with this exit code. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  /** 128 + the signal's number, as shells count. */
  readonly exitCode: 130 | 143;

  constructor(signal: InterruptSignal) {
    super(signal === 'SIGINT' ? 'interrupted' : 'terminated');
    this.exitCode = EXIT_CODES[signal];
  }
}

type InterruptSignal = 'SIGINT' | 'SIGTERM';

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

export interface InterruptOptions {
  /** What the first signal does, as one line for a person. */
  message?: string;
  /** Shows that line: standard error, unless a live display has it. */
  show?: (line: string) => void;
}

export interface Interrupt {
  /** Aborted with an `Interruption` by the first SIGINT or SIGTERM. */
  signal: AbortSignal;
  /** Gives the signals back to Node's default. */
  dispose(): void;
}

/** The first SIGINT or SIGTERM aborts the signal; the second ends the process at once with 130 or 143. */
export function onInterrupt(options: InterruptOptions = {}): Interrupt {
  const {
    message = 'finishing the images in flight; press Ctrl-C again to stop at once',
    show = (line) => process.stderr.write(`${line}\n`),
  } = options;
  const controller = new AbortController();
  const handle = (signal: InterruptSignal) => {
    if (controller.signal.aborted) process.exit(EXIT_CODES[signal]);
    show(message);
    controller.abort(new Interruption(signal));
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return {
    signal: controller.signal,
    dispose() {
      process.off('SIGINT', handle);
      process.off('SIGTERM', handle);
    },
  };
}
