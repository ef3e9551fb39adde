import { imagesOf, isOnAws } from '../stack/record.ts';
import { findStacks } from '../stack/select.ts';
import { RekbackCommand } from '../terminal/command.ts';

interface Stacks {
  stacks: { name: string; kind: 'local' | 'aws'; images: string; createdAt: string }[];
}

export default class StacksCommand extends RekbackCommand<Stacks> {
  static override summary = 'List the stacks on this machine.';
  static override examples = ['<%= config.bin %> stacks'];

  async run(): Promise<Stacks> {
    await this.parse(StacksCommand);
    const found = await findStacks();
    const stacks = found.flatMap((stack) => {
      if ('problem' in stack) return [];
      const { name, createdAt } = stack.record;
      const kind = isOnAws(stack.record) ? ('aws' as const) : ('local' as const);
      return [{ name, kind, images: imagesOf(stack.record), createdAt }];
    });
    await this.table(stacks, [
      { header: 'Stack', cell: ({ name }) => name },
      { header: 'Kind', cell: ({ kind }) => kind },
      { header: 'Images', cell: ({ images }) => images },
    ]);
    for (const stack of found)
      if ('problem' in stack) this.warn([stack.problem.message, ...stack.problem.suggestions].join('; '));
    if (found.length === 0) this.note('There is no stack yet. Make one with: rekback setup --folder DIR');
    return { stacks };
  }
}
