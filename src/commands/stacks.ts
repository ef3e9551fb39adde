import { listStacks } from '../stack/select.ts';
import { RekbackCommand } from '../terminal/command.ts';

interface Stacks {
  stacks: { name: string; kind: 'local'; images: string; createdAt: string }[];
}

export default class StacksCommand extends RekbackCommand<Stacks> {
  static override summary = 'List the stacks on this machine.';
  static override examples = ['<%= config.bin %> stacks'];

  async run(): Promise<Stacks> {
    await this.parse(StacksCommand);
    const stacks = (await listStacks()).map(({ name, adapters, createdAt }) => ({
      name,
      kind: 'local' as const,
      images: adapters.images.root,
      createdAt,
    }));
    await this.table(stacks, [
      { header: 'Stack', cell: ({ name }) => name },
      { header: 'Kind', cell: ({ kind }) => kind },
      { header: 'Images', cell: ({ images }) => images },
    ]);
    if (stacks.length === 0) this.note('There is no stack yet. Make one with: rekback setup --folder DIR');
    return { stacks };
  }
}
