import * as Args from '@oclif/core/args';
import { openStack } from '../stack/open.ts';
import { selectStack } from '../stack/select.ts';
import { awsFlags, RekbackCommand, stackFlag } from '../terminal/command.ts';
import { formatCount } from '../terminal/format.ts';

interface Labels {
  labels: { name: string; images: number }[];
}

export default class LabelsCommand extends RekbackCommand<Labels> {
  static override summary = 'List every label with the number of images that carry it.';
  static override examples = ['<%= config.bin %> labels', `<%= config.bin %> labels 'do*'`];
  static override args = {
    pattern: Args.string({ description: 'Only labels like this; * stands for any number of characters.' }),
  };
  static override flags = { stack: stackFlag, ...awsFlags };

  async run(): Promise<Labels> {
    const { args, flags } = await this.parse(LabelsCommand);
    const stack = openStack(await selectStack(flags.stack, flags));
    const { listLabels } = await import('../runtime/query/labels.ts');
    const index = await stack.indexReader();
    const labels = listLabels(await index.vocabulary(), args.pattern);
    await index.close();
    await this.table(labels, [
      { header: 'Label', cell: ({ name }) => name },
      { header: 'Images', cell: ({ images }) => formatCount(images), align: 'right' },
    ]);
    if (labels.length === 0) this.note('No label found.');
    return { labels };
  }
}
