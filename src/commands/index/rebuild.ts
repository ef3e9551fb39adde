import type { Rebuilt } from '../../runtime/run/rebuild.ts';
import { openStack } from '../../stack/open.ts';
import { rebuild } from '../../stack/rebuild.ts';
import { selectStack } from '../../stack/select.ts';
import { awsFlags, RekbackCommand, stackFlag } from '../../terminal/command.ts';
import { formatCounted } from '../../terminal/format.ts';

export default class IndexRebuild extends RekbackCommand<Rebuilt> {
  static override summary =
    'Make the whole index again from the archived labels, without a single labeler call.';
  static override description = 'The present index answers until the new one takes its place.';
  static override examples = ['<%= config.bin %> index rebuild'];
  static override flags = { stack: stackFlag, ...awsFlags };

  async run(): Promise<Rebuilt> {
    const { flags } = await this.parse(IndexRebuild);
    const rebuilt = await rebuild(openStack(await selectStack(flags.stack, flags)));
    this.print(
      `The index was made again from the archived labels: ${formatCounted(rebuilt.documents, 'image')}, 0 labeler calls.`,
    );
    return rebuilt;
  }
}
