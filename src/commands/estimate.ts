import * as Flags from '@oclif/core/flags';
import { type Estimate, estimate } from '../stack/estimate.ts';
import { awsFlags, RekbackCommand } from '../terminal/command.ts';
import { describeEstimate } from '../terminal/estimate.ts';
import { shellWords } from '../terminal/shell.ts';

export default class EstimateCommand extends RekbackCommand<Estimate> {
  static override summary = 'Say what labelling a bucket or folder costs and how long it takes.';
  static override description =
    'Before anything is set up; writes nothing. A bucket is listed to its end (s3:ListBucket; $0.005 for a million ' +
    'objects), or with --quick only looked up where AWS counts it daily (cloudwatch:GetMetricData). The hours come from ' +
    'your quota (servicequotas:GetServiceQuota). Of a folder only names and sizes are read.';
  static override examples = [
    '<%= config.bin %> estimate --bucket my-photos',
    '<%= config.bin %> estimate --bucket my-photos --quick',
    '<%= config.bin %> estimate --folder ~/Pictures --rate 40',
  ];
  static override flags = {
    bucket: Flags.string({
      exactlyOne: ['bucket', 'folder'],
      helpValue: 'NAME',
      summary: 'The bucket that holds the images.',
    }),
    folder: Flags.string({ helpValue: 'DIR', summary: 'The folder that holds the images.' }),
    prefix: Flags.string({
      helpValue: 'P',
      summary: 'Only keys (paths below the folder) that begin with this.',
    }),
    quick: Flags.boolean({
      dependsOn: ['bucket'],
      exclusive: ['prefix'],
      summary: "Don't list: take AWS's count, an upper bound.",
    }),
    rate: Flags.integer({
      min: 1,
      helpValue: 'N',
      summary: "Reckon with N labeler calls per second instead of the account's quota.",
    }),
    ...awsFlags,
  };

  async run(): Promise<Estimate> {
    const { flags } = await this.parse(EstimateCommand);
    const { bucket, folder = '', quick, prefix, rate } = flags;
    const signal = this.interruptSignal('stopping');
    const source = bucket === undefined ? { folder } : { bucket, quick };
    // Nothing is listed that could be followed.
    const { report, end } = quick ? { report: () => {}, end: async () => {} } : await this.progress();
    const found = await estimate({ source, prefix, rate, aws: flags, report, signal });
    await end();
    this.print(describeEstimate(found).join('\n'));
    const next = bucket === undefined ? `--folder ${shellWords(folder)}` : `--bucket ${bucket} --dry-run`;
    this.note(`Next: rekback setup ${next}`);
    return found;
  }
}
