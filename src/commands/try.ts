import * as Args from '@oclif/core/args';
import type { Idea } from '../runtime/query/ideas.ts';
import type { RunSummary } from '../runtime/run/record.ts';
import { backfill } from '../stack/backfill.ts';
import { type KeywordSample, sampleFolder } from '../stack/sample.ts';
import { applySetup, planSetup } from '../stack/setup.ts';
import { newStackFlag, RekbackCommand } from '../terminal/command.ts';
import { formatCount, formatCounted } from '../terminal/format.ts';
import { describeRun, describeSample, runExitCode } from '../terminal/run.ts';
import { shellWords } from '../terminal/shell.ts';

interface Result {
  stack: string;
  sample: KeywordSample;
  run: RunSummary;
  /** The most frequent ones, those that say little (colours) last. */
  labels: { name: string; images: number }[];
  searches: (Idea & { command: string })[];
}

const TOP_LABELS = 10;

export default class Try extends RekbackCommand<Result> {
  static override summary =
    'See it all at once: set up a folder, label it, show its labels and what to search for.';
  static override examples = ['<%= config.bin %> try ~/Pictures'];
  static override args = {
    folder: Args.string({ required: true, description: 'The folder that holds the images.' }),
  };
  static override flags = { stack: newStackFlag };

  async run(): Promise<Result> {
    const { args, flags } = await this.parse(Try);
    const stack = await applySetup(
      await planSetup({ source: { folder: args.folder }, name: flags.stack, prefix: undefined }),
    );
    const { name } = stack.record;
    const sample = await sampleFolder(stack);
    this.print(describeSample(sample));
    const { report, end } = await this.progress();
    const draining = this.interruptSignal();
    const run = await backfill(stack, { selection: undefined, draining, report, what: 'rekback try' });
    await end();
    this.print(describeRun(run).join('\n'));
    this.exitWith(runExitCode(run, draining));

    const { listLabels } = await import('../runtime/query/labels.ts');
    const { queryIdeas, tellingFirst } = await import('../runtime/query/ideas.ts');
    const { plainLabels } = await stack.labeler();
    const index = await stack.indexReader();
    const labels = tellingFirst(listLabels(await index.vocabulary()), plainLabels).slice(0, TOP_LABELS);
    const ideas = await queryIdeas(
      index,
      labels.map((label) => label.name),
    );
    await index.close();
    const searches = ideas.map((idea) => ({
      ...idea,
      command: `rekback search ${shellWords(idea.query)} --stack ${name}`,
    }));
    this.print();
    await this.table(labels, [
      { header: 'Label', cell: (label) => label.name },
      { header: 'Images', cell: ({ images }) => formatCount(images), align: 'right' },
    ]);
    this.print(searches.length === 0 ? 'No image has a label.' : '\nTry these:');
    for (const { command, images } of searches)
      this.print(`  ${command}    # ${formatCounted(images, 'image')}`);
    this.print(`  rekback teardown --stack ${name}    # removes everything but the images`);
    return { stack: name, sample, run, labels, searches };
  }
}
