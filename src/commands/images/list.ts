import * as Flags from '@oclif/core/flags';
import { type ImagePage, pageImages } from '../../stack/images.ts';
import { openStack } from '../../stack/open.ts';
import { selectStack } from '../../stack/select.ts';
import { awsFlags, RekbackCommand, stackFlag } from '../../terminal/command.ts';

export default class ImagesList extends RekbackCommand<ImagePage> {
  static override summary = 'List the images in one state, and why they are in it.';
  static override examples = [
    '<%= config.bin %> images list --state failed',
    '<%= config.bin %> images list --state skipped --reason format',
  ];
  static override flags = {
    stack: stackFlag,
    ...awsFlags,
    state: Flags.option({
      options: ['indexed', 'skipped', 'failed'] as const,
      required: true,
      summary: 'Which images.',
    })(),
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
    const { flags } = await this.parse(ImagesList);
    const { state, reason, prefix, limit, next: after } = flags;
    const stack = openStack(await selectStack(flags.stack, flags));
    const page = await pageImages(stack, { state, reason, prefix, limit, after });
    await this.table(page.images, [
      { header: 'Image', cell: ({ key }) => key },
      ...(state === 'indexed' ? [] : [{ header: 'Reason', cell: reasonOf }]),
      ...(state === 'failed' ? [{ header: 'Detail', cell: detailOf }] : []),
    ]);
    if (page.images.length === 0)
      this.note(
        `No image is ${state}${(reason ?? prefix) === undefined ? '' : ' with that reason or prefix'}.`,
      );
    if (page.next !== null) this.note(`There are more; see them with --next ${page.next}`);
    return page;
  }
}

type Image = ImagePage['images'][number];

const reasonOf = ({ reason }: Image) => reason ?? '';
const detailOf = ({ detail }: Image) => detail ?? '';
