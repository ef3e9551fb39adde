import * as Flags from '@oclif/core/flags';
import type { InferredFlags } from '@oclif/core/interfaces';
import type { RunSummary } from '../runtime/run/record.ts';
import { backfill } from '../stack/backfill.ts';
import { openLocalStack } from '../stack/open-local.ts';
import { thisOperator } from '../stack/operator.ts';
import { writePointer } from '../stack/pointers.ts';
import { type KeywordSample, sampleFolder } from '../stack/sample.ts';
import type { SetupOptions } from '../stack/setup.ts';
import { awsFlags, newStackFlag, RekbackCommand, yesFlag } from '../terminal/command.ts';
import { confirm } from '../terminal/confirm.ts';
import { formatCounted } from '../terminal/format.ts';
import { describePrice, describeRun, describeSample, runExitCode } from '../terminal/run.ts';
import { sanitise } from '../terminal/sanitise.ts';
import { bucketFlags, choiceOf, sourceFlags } from '../terminal/setup-flags.ts';
import { describeIdentity, describePlan, type PlanJson, planJson } from '../terminal/setup-plan.ts';

type SetupFlags = InferredFlags<typeof Setup.flags>;

interface Result extends PlanJson {
  stack: string;
  dryRun: boolean;
  changes: object[];
  /** Of keywords. */
  sample?: KeywordSample;
  run?: RunSummary;
}

export default class Setup extends RekbackCommand<Result> {
  static override summary =
    'Make a stack: everything that is needed to search the images of a folder or bucket.';
  static override description =
    'Of a folder: it is never changed. The labels come from keywords that photo programs wrote into the files (XMP and ' +
    'IPTC) and from the colours, unless Rekognition is chosen, to which the images are sent. Of a bucket: shows what ' +
    'will be made and what it costs, then asks; with --local only an index on this machine is made. Setting up again ' +
    'changes only what is named.';
  static override examples = [
    '<%= config.bin %> setup --folder ~/Pictures',
    '<%= config.bin %> setup --folder ~/Pictures --stack holiday --prefix 2024/ --backfill auto',
    '<%= config.bin %> setup --bucket my-photos --local',
    '<%= config.bin %> setup --bucket my-photos --dry-run',
  ];
  static override flags = {
    ...sourceFlags,
    stack: newStackFlag,
    'dry-run': Flags.boolean({ default: false, summary: 'Only show what would be made.' }),
    yes: yesFlag,
    ...bucketFlags,
    ...awsFlags,
  };

  async run(): Promise<Result> {
    const { flags } = await this.parse(Setup);
    const { bucket, folder = '' } = flags;
    if (bucket === undefined) return this.setUpLocal(flags, { folder });
    return flags.local ? this.setUpLocal(flags, { bucket }) : this.setUpBucket(flags, bucket);
  }

  private async setUpLocal(flags: SetupFlags, source: SetupOptions['source']): Promise<Result> {
    const { applySetup, planSetup } = await import('../stack/setup.ts');
    const { labeler, prefix } = flags;
    const plan = await planSetup({ source, labeler, prefix, name: flags.stack, aws: flags });
    const { record, changes } = plan;
    for (const { action, type, name } of changes) {
      this.print(`${flags['dry-run'] ? 'would ' : ''}${action} ${type.padEnd(6)} ${sanitise(name)}`);
    }
    const stack = flags['dry-run'] ? openLocalStack(record) : await applySetup(plan);
    if (changes.length === 0) this.print(`Stack ${record.name} is set up; nothing to change.`);
    const { callPrice } = await stack.labeler();
    const sample = callPrice === 0 ? await sampleFolder(stack) : undefined;
    this.print(sample ? describeSample(sample) : describePrice(callPrice));
    const result = { stack: record.name, dryRun: flags['dry-run'], changes, ...(sample && { sample }) };
    if (flags['dry-run'] || flags.backfill !== 'auto') {
      this.note(`Next: rekback backfill now --stack ${record.name}`);
      return result;
    }
    const draining = this.interruptSignal();
    if (callPrice > 0) await confirm('Label them now', { yes: flags.yes, signal: draining });
    const { report, end } = await this.progress();
    const run = await backfill(stack, { selection: undefined, draining, report, what: 'rekback setup' });
    await end();
    this.print(describeRun(run).join('\n'));
    this.exitWith(runExitCode(run, draining));
    return { ...result, run };
  }

  private async setUpBucket(flags: SetupFlags, bucket: string): Promise<Result> {
    const { openSession } = await import('../aws/session.ts');
    const { realWaiting } = await import('../aws/wait.ts');
    const { applySetup, planSetup } = await import('../provision/setup.ts');
    const signal = this.interruptSignal('nothing more is begun; the same command goes on from here');
    const session = await openSession(flags);
    // Somebody who answers the question has read the price of the backfill; `--yes` has not.
    const whenNew = flags.yes ? ('manual' as const) : ('auto' as const);
    const request = { bucket, name: flags.stack, choice: choiceOf(flags), whenNew };
    const plan = await planSetup(session, request, realWaiting(signal));
    const { record, changes } = plan;
    const result = { stack: record.name, dryRun: flags['dry-run'], ...planJson(plan) };
    if (changes.length === 0) this.print(`Stack ${record.name} is set up; nothing to change.`);
    else this.print(describePlan(plan).join('\n'));
    this.note(describeIdentity(session));
    if (flags['dry-run']) return result;
    if (changes.length > 0)
      await confirm(`Make ${formatCounted(changes.length, 'change')}`, { yes: flags.yes, signal });
    await writePointer({
      name: record.name,
      bucket,
      account: session.account,
      region: session.region,
      profile: flags.profile,
    });
    const { report, end } = await this.changes(changes);
    await applySetup(plan, await thisOperator('rekback setup'), { report, signal });
    await end();
    if (changes.length > 0) this.print(`Stack ${record.name} is set up.`);
    return result;
  }
}
