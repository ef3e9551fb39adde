import * as Flags from '@oclif/core/flags';
import { type ImagePage, pageImages } from '../../stack/images.ts';
import { openStack } from '../../stack/open.ts';
import { selectStack } from '../../stack/select.ts';
import { awsFlags, RekbackCommand, stackFlag } from '../../terminal/command.ts';

export default class FailuresList extends RekbackCommand<ImagePage> {
  static override summary = 'List the images that failed, and why.';
  static override examples = [
    '<%= config.bin %> failures list',
    '<%= config.bin %> failures list --reason corrupt',
  ];
  static override flags = {
    stack: stackFlag,
    ...awsFlags,
    reason: Flags.string({ helpValue: 'R', summary: 'Only those with this reason.' }),
    prefix: Flags.string({ helpValue: 'P', summary: 'Only keys that begin with this.' }),
    limit: Flags.integer({ min: 1, default: 1000, helpValue: 'N', summary: 'Most images to print.' }),
    next: Flags.integer({
      min: 0,
      default: 0,
      helpValue: 'N',
      summary: 'Go on where the page before ended ("next" of --json).',
    }),
  };

  async run(): Promise<ImagePage> {
    const { flags } = await this.parse(FailuresList);
    const { reason, prefix, limit, next: after } = flags;
    const stack = openStack(await selectStack(flags.stack, flags));
    const page = await pageImages(stack, { state: 'failed', reason, prefix, limit, after });
    await this.table(page.images, [
      { header: 'Image', cell: ({ key }) => key },
      { header: 'Reason', cell: (image) => image.reason ?? '' },
      { header: 'Detail', cell: ({ detail }) => detail ?? '' },
    ]);
    if (page.images.length === 0)
      this.note(`No image failed${(reason ?? prefix) === undefined ? '' : ' with that reason or prefix'}.`);
    if (page.next !== null) this.note(`There are more; see them with --next ${page.next}`);
    return page;
  }
}
