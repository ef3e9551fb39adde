import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import type { Input, ParserOutput } from '@oclif/core/interfaces';
import type { Change } from '../provision/plan.ts';
import type { ChangesProgress } from './changes.ts';
import { palette } from './colours.ts';
import { type Interrupt, onInterrupt } from './interrupt.ts';
import { jsonText, writeAndDrain, writeJson } from './output.ts';
import type { ProgressMode, RunProgress } from './progress.ts';
import { sanitise } from './sanitise.ts';
import type { Column } from './tables.ts';
import { separateWords } from './words.ts';

type Values = Record<string, unknown>;

/** `--stack NAME`, for every command that works on one stack. */
export const stackFlag = Flags.string({
  helpValue: 'NAME',
  summary: 'The stack to work on; may be left out where there is only one.',
  env: 'REKBACK_STACK',
});

/** Where on AWS, and as whom, for every command that may work there. */
export const awsFlags = {
  region: Flags.string({
    helpGroup: 'AWS',
    helpValue: 'REGION',
    summary: 'The AWS Region; otherwise as the AWS configuration says.',
  }),
  profile: Flags.string({
    helpGroup: 'AWS',
    helpValue: 'NAME',
    summary: 'A profile of the AWS configuration; otherwise as the environment says.',
  }),
};

/** `--stack NAME`, for a command that makes one. */
export const newStackFlag = Flags.string({
  helpValue: 'NAME',
  summary: "The stack's name; made from the folder's name where it is left out.",
  env: 'REKBACK_STACK',
});

/** `--yes`, for every command that spends or deletes. */
export const yesFlag = Flags.boolean({ char: 'y', summary: 'Answer yes to every question.' });

/**
 * What every command has. `run()` returns what `--json` prints (without `schemaVersion`); a command that streams prints
 * with `emit` and returns nothing. For a person it prints with `print`, `table`, `note` and `warn`; under `--json` the
 * first three print nothing. Errors are thrown.
 */
export abstract class RekbackCommand<Result extends object | undefined = object> extends Command {
  static override enableJsonFlag = true;
  static override baseFlags = {
    quiet: Flags.boolean({
      helpGroup: 'GLOBAL',
      summary: 'Print results and errors only.',
      exclusive: ['verbose'],
    }),
    verbose: Flags.boolean({ helpGroup: 'GLOBAL', summary: 'Print causes and request ids of errors.' }),
    progress: Flags.option({
      options: ['auto', 'plain', 'json', 'none'] as const,
      helpGroup: 'GLOBAL',
      summary: 'How progress is shown on standard error.',
      default: 'auto',
    })(),
  };

  /** Set by a command whose arguments may begin with a dash. Such arguments must be one `multiple` argument. */
  static dashWords = false;

  private quiet = false;
  private progressMode: ProgressMode = 'auto';
  private shownProgress: RunProgress | undefined;
  private shownChanges: ChangesProgress | undefined;
  private interrupt: Interrupt | undefined;

  abstract override run(): Promise<Result>;

  protected override async parse<F extends Values, B extends Values, A extends Values>(
    options: Input<F, B, A>,
    argv = this.argv,
  ): Promise<ParserOutput<F, B, A>> {
    const { dashWords } = this.constructor as typeof RekbackCommand;
    const flags = { json: { type: 'boolean' as const }, ...options.baseFlags, ...options.flags };
    const words = dashWords ? separateWords(argv, flags) : undefined;
    // oclif would read a missing argument from a pipe: `rekback images show < list` must be an error, not a guess.
    for (const arg of Object.values<{ ignoreStdin?: boolean }>(options.args ?? {})) arg.ignoreStdin = true;
    const parsed = await super
      .parse(options, words ? [...words.flags, '--', ...words.words] : argv)
      .catch(async (error: unknown) => {
        const { isUsageError, usageError } = await import('./usage.ts');
        if (!isUsageError(error)) throw error;
        throw usageError(error, `rekback ${this.id?.replaceAll(':', ' ')}`, Object.keys(flags));
      });
    const { quiet, progress } = parsed.flags as { quiet?: boolean; progress?: ProgressMode };
    this.quiet = quiet === true;
    this.progressMode = progress ?? 'auto';
    return parsed;
  }

  /** Prints lines for a person on stdout. Foreign text in them must have been sanitised. */
  protected print(text = ''): void {
    if (!this.jsonEnabled()) process.stdout.write(`${text}\n`);
  }

  /** Prints rows for a person on stdout, or tab-separated where that is no terminal. Cells are sanitised. */
  protected async table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): Promise<void> {
    if (this.jsonEnabled()) return;
    const { renderTable } = await import('./tables.ts');
    process.stdout.write(await renderTable(rows, columns));
  }

  /** Prints a line that is no result (what happens, what comes next) on stderr, unless `--quiet`. */
  protected note(text: string): void {
    if (this.quiet || this.jsonEnabled()) return;
    if (this.shownProgress) this.shownProgress.note(text);
    else process.stderr.write(`${text}\n`);
  }

  /** Prints a warning on stderr, also under `--json`. */
  override warn(input: string | Error): string | Error {
    const text = sanitise(input instanceof Error ? input.message : input);
    process.stderr.write(`${palette(process.stderr).notice('Warning:')} ${text}\n`);
    return input;
  }

  /**
   * Prints one object of a stream as one line of JSON, waiting for a slow reader. False once the reader has gone
   * (`… | head`): the command should end.
   */
  protected emit(value: object): Promise<boolean> {
    return writeAndDrain(`${jsonText(value, false)}\n`);
  }

  /** Ends with this code although nothing was thrown: 3 images failed, 4 stopped at a cap, 130/143 interrupted. */
  protected exitWith(code: 0 | 1 | 3 | 4 | 130 | 143): void {
    process.exitCode = code;
  }

  /** Shows a run's events on stderr as `--progress` and `--quiet` say. Ended with the command. */
  protected async progress(): Promise<RunProgress> {
    const { showProgress } = await import('./progress.ts');
    this.shownProgress ??= await showProgress({ mode: this.quiet ? 'none' : this.progressMode });
    return this.shownProgress;
  }

  /** Shows what is made, changed and removed as `--progress` and `--quiet` say. Ended with the command. */
  protected async changes(changes: readonly Change[]): Promise<ChangesProgress> {
    const { showChanges } = await import('./changes.ts');
    this.shownChanges ??= await showChanges(changes, this.quiet ? 'none' : this.progressMode);
    return this.shownChanges;
  }

  /** Aborted with an `Interruption` by the first Ctrl-C or SIGTERM, after `message` was shown; the second ends at once. */
  protected interruptSignal(message?: string): AbortSignal {
    this.interrupt ??= onInterrupt({
      ...(message === undefined ? {} : { message }),
      show: (line) => {
        const shown = this.shownProgress ?? this.shownChanges;
        if (shown) shown.note(line);
        else process.stderr.write(`${line}\n`);
      },
    });
    return this.interrupt.signal;
  }

  override log(message = ''): void {
    this.print(message);
  }

  protected override logJson(value: object): void {
    writeJson(value);
  }

  /** Errors of every origin, also those before a command is found, are reported in one place: `main`. */
  protected override catch(error: Error): Promise<never> {
    return Promise.reject(error);
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    await this.shownProgress?.end();
    await this.shownChanges?.end();
    this.interrupt?.dispose();
    await super.finally(error);
  }
}
