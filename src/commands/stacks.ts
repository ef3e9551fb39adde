import { readPointers } from '../stack/pointers.ts';
import { imagesOf, isOnAws } from '../stack/record.ts';
import { findStacks } from '../stack/select.ts';
import { awsFlags, RekbackCommand } from '../terminal/command.ts';

interface Stack {
  name: string;
  kind: 'local' | 'aws';
  images: string;
  /** ISO time; null where nothing tells. */
  createdAt: string | null;
  /** Of a stack on AWS. */
  region?: string;
  account?: string;
  state?: 'complete' | 'incomplete' | 'damaged' | 'unseen';
}

export default class StacksCommand extends RekbackCommand<{ stacks: Stack[] }> {
  static override summary = 'List the stacks on this machine and on AWS.';
  static override description =
    'AWS is looked at where a Region or profile is named, where this machine set up a stack there, or where it has no ' +
    'stack of its own.';
  static override examples = ['<%= config.bin %> stacks', '<%= config.bin %> stacks --region eu-west-1'];
  static override flags = { ...awsFlags };

  async run(): Promise<{ stacks: Stack[] }> {
    const { flags } = await this.parse(StacksCommand);
    const found = await findStacks();
    const stacks: Stack[] = found.flatMap((stack) => {
      if ('problem' in stack) return [];
      const { name, createdAt } = stack.record;
      const kind = isOnAws(stack.record) ? ('aws' as const) : ('local' as const);
      return [{ name, kind, images: imagesOf(stack.record), createdAt }];
    });
    const pointers = await readPointers();
    const isNamed = flags.region !== undefined || flags.profile !== undefined;
    if (isNamed || pointers.length > 0 || found.length === 0) {
      const { listAwsStacks } = await import('../stack/list-aws.ts');
      const onAws = await listAwsStacks(flags, pointers, isNamed);
      for (const { bucket, createdAt = null, ...stack } of onAws.stacks)
        stacks.push({ ...stack, kind: 'aws', images: bucket === '' ? '' : `s3://${bucket}`, createdAt });
      for (const problem of onAws.problems) this.warn(problem);
    }
    await this.printStacks(stacks);
    for (const stack of found)
      if ('problem' in stack) this.warn([stack.problem.message, ...stack.problem.suggestions].join('; '));
    if (stacks.length === 0 && found.length === 0)
      this.note('There is no stack yet. Make one with: rekback setup --folder DIR');
    return { stacks };
  }

  private async printStacks(stacks: readonly Stack[]): Promise<void> {
    const where = [
      { header: 'Region', cell: ({ region = '' }: Stack) => region },
      {
        header: 'State',
        cell: ({ state }: Stack) => (state === undefined || state === 'complete' ? '' : state),
      },
    ];
    await this.table(stacks, [
      { header: 'Stack', cell: ({ name }) => name },
      { header: 'Kind', cell: ({ kind }) => kind },
      { header: 'Images', cell: ({ images }) => images },
      ...(stacks.some(({ kind }) => kind === 'aws') ? where : []),
    ]);
  }
}
