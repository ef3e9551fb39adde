import * as Flags from '@oclif/core/flags';
import type { RunSummary } from '../runtime/run/record.ts';
import { backfill } from '../stack/backfill.ts';
import { openStack } from '../stack/open.ts';
import { type KeywordSample, sampleFolder } from '../stack/sample.ts';
import { applySetup, planSetup, type SetupPlan } from '../stack/setup.ts';
import { newStackFlag, RekbackCommand, yesFlag } from '../terminal/command.ts';
import { describeRun, describeSample, runExitCode } from '../terminal/run.ts';
import { sanitise } from '../terminal/sanitise.ts';

interface Result {
  stack: string;
  dryRun: boolean;
  changes: SetupPlan['changes'];
  sample: KeywordSample;
  run?: RunSummary;
}

export default class Setup extends RekbackCommand<Result> {
  static override summary = 'Make a stack: everything that is needed to search the images of a folder.';
  static override description =
    'The folder itself is never changed. The labels come from the keywords that photo programs wrote into the files ' +
    '(XMP and IPTC) and from the colours; nothing is recognised. Setting up again changes only what is named.';
  static override examples = [
    '<%= config.bin %> setup --folder ~/Pictures',
    '<%= config.bin %> setup --folder ~/Pictures --stack holiday --prefix 2024/ --backfill auto',
  ];
  static override flags = {
    folder: Flags.string({ required: true, helpValue: 'DIR', summary: 'The folder that holds the images.' }),
    labeler: Flags.option({
      options: ['keywords'] as const,
      default: 'keywords',
      summary: 'What puts labels on the images.',
    })(),
    stack: newStackFlag,
    prefix: Flags.string({
      helpValue: 'P',
      summary: 'Only keys (paths below the folder) that begin with this.',
    }),
    backfill: Flags.option({
      options: ['auto', 'manual'] as const,
      default: 'manual',
      summary: 'Label what is there right away, or later.',
    })(),
    'dry-run': Flags.boolean({ summary: 'Only show what would be made.' }),
    yes: yesFlag,
  };

  async run(): Promise<Result> {
    const { flags } = await this.parse(Setup);
    const plan = await planSetup({ folder: flags.folder, name: flags.stack, prefix: flags.prefix });
    const { record, changes } = plan;
    for (const { action, type, name } of changes) {
      this.print(`${flags['dry-run'] ? 'would ' : ''}${action} ${type.padEnd(6)} ${sanitise(name)}`);
    }
    const stack = flags['dry-run'] ? openStack(record) : await applySetup(plan);
    if (changes.length === 0) this.print(`Stack ${record.name} is set up; nothing to change.`);
    const sample = await sampleFolder(stack);
    this.print(describeSample(sample));
    const result = { stack: record.name, dryRun: flags['dry-run'] === true, changes, sample };
    if (flags['dry-run'] || flags.backfill === 'manual') {
      this.note(`Next: rekback backfill now --stack ${record.name}`);
      return result;
    }
    const { report, end } = await this.progress();
    const draining = this.interruptSignal();
    const run = await backfill(stack, { selection: undefined, draining, report, what: 'rekback setup' });
    await end();
    this.print(describeRun(run).join('\n'));
    this.exitWith(runExitCode(run, draining));
    return { ...result, run };
  }
}
