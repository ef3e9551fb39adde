import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { SearchResult } from '../runtime/ports.ts';
import { openStack } from '../stack/open.ts';
import { selectStack } from '../stack/select.ts';
import { awsFlags, RekbackCommand, stackFlag } from '../terminal/command.ts';
import { formatCounted } from '../terminal/format.ts';
import { sanitise } from '../terminal/sanitise.ts';

type Found = Omit<SearchResult, 'next'> & { next: string | null };

export default class Search extends RekbackCommand<Found> {
  static override summary = 'Find images by their labels.';
  static override description =
    'Labels next to each other are all wanted. Best match first: the lowest confidence among the labels asked for. ' +
    'The whole query language: rekback help query';
  static override examples = [
    '<%= config.bin %> search dog',
    '<%= config.bin %> search dog -cat --min-confidence 90',
    `<%= config.bin %> search '"golden retriever" OR poodle' --prefix 2024/`,
    '<%= config.bin %> search dog --print path -0 | xargs -0 ls -l',
  ];
  static override strict = false;
  static override dashWords = true;
  static override args = {
    query: Args.string({
      required: true,
      multiple: true,
      description: 'Labels, AND, OR, NOT, -label, (…), "…", dog*, dog>=95.',
    }),
  };
  static override flags = {
    stack: stackFlag,
    ...awsFlags,
    'min-confidence': Flags.integer({
      min: 0,
      max: 100,
      helpValue: 'N',
      summary: 'Least confidence of every label asked for.',
    }),
    prefix: Flags.string({ helpValue: 'P', summary: 'Only keys that begin with this.' }),
    limit: Flags.integer({ min: 1, default: 50, helpValue: 'N', summary: 'Most images to print.' }),
    next: Flags.string({
      helpValue: 'CURSOR',
      summary: 'Go on where the page before ended ("next" of --json).',
    }),
    count: Flags.boolean({ summary: 'Only how many there are.', exclusive: ['print', 'next'] }),
    print: Flags.option({
      options: ['key', 'path', 'uri'] as const,
      summary: 'Only this of each image, one per line.',
    })(),
    zero: Flags.boolean({
      aliases: ['0'],
      dependsOn: ['print'],
      summary: 'End each with a NUL instead (also -0), byte for byte.',
    }),
  };

  async run(): Promise<Found> {
    const { args, flags } = await this.parse(Search);
    const stack = openStack(await selectStack(flags.stack, flags));
    const { search } = await import('../runtime/query/search.ts');
    const index = await stack.indexReader();
    const { hints, ...found } = await search(index, args.query.join(' '), {
      minConfidence: flags['min-confidence'] ?? stack.record.settings['min-confidence'],
      limit: flags.count ? 0 : flags.limit,
      ...(flags.prefix === undefined ? {} : { prefix: flags.prefix }),
      ...(flags.next === undefined ? {} : { after: flags.next }),
    });
    await index.close();
    if (flags.count) this.print(String(found.total));
    else if (flags.print === 'key') this.printEach(found, (key) => key, flags.zero);
    else if (flags.print) {
      const { print } = flags;
      const images = await stack.images();
      this.printEach(found, (key) => images.link(key, print), flags.zero);
    } else await this.printTable(found, stack.record.settings['min-confidence']);
    for (const hint of hints) this.note(sanitise(hint));
    return { ...found, next: found.next ?? null };
  }

  private printEach({ images }: SearchResult, link: (key: string) => string, zero: boolean): void {
    for (const { key } of images) {
      if (zero && !this.jsonEnabled()) process.stdout.write(`${link(key)}\0`);
      else this.print(sanitise(link(key)));
    }
  }

  private async printTable({ images, total, next }: SearchResult, floor: number): Promise<void> {
    const shown = (labels: SearchResult['images'][number]['labels']) =>
      labels.filter(({ confidence, inherited }) => confidence >= floor && !inherited);
    await this.table(images, [
      { header: 'Image', cell: ({ key }) => key },
      {
        header: 'Labels',
        cut: 'end',
        cell: ({ labels }) =>
          shown(labels)
            .map(({ name, confidence }) => `${name} ${confidence}`)
            .join(', '),
      },
    ]);
    if (total === 0) this.note('No image found.');
    else
      this.note(
        next === undefined
          ? formatCounted(total, 'image')
          : `${images.length} of ${formatCounted(total, 'image')}; more with --limit N`,
      );
  }
}
