import * as Args from '@oclif/core/args';
import type { Explanation } from '../runtime/image/explain.ts';
import { openStack } from '../stack/open.ts';
import { selectStack } from '../stack/select.ts';
import { awsFlags, RekbackCommand, stackFlag } from '../terminal/command.ts';
import { sanitise } from '../terminal/sanitise.ts';

export default class Show extends RekbackCommand<Explanation> {
  static override summary = 'Show what is known of one image, why, and what to do.';
  static override description =
    'Takes any key: indexed, skipped, failed, not seen yet, gone, or outside of the prefix.';
  static override examples = ['<%= config.bin %> show 2024/dog.jpg'];
  static override dashWords = true;
  static override strict = false;
  static override args = {
    key: Args.string({ required: true, multiple: true, description: 'The key: the path below the folder.' }),
  };
  static override flags = { stack: stackFlag, ...awsFlags };

  async run(): Promise<Explanation> {
    const { args, flags } = await this.parse(Show);
    const stack = openStack(await selectStack(flags.stack, flags));
    const { explain } = await import('../runtime/image/explain.ts');
    const index = await stack.indexReader();
    const labeler = await stack.labeler();
    const explanation = await explain(args.key.join(' '), {
      images: await stack.images(),
      index,
      objects: await stack.objects(),
      formats: labeler.formats,
      prefix: stack.record.prefix,
    });
    await index.close();
    this.printExplanation(explanation);
    return explanation;
  }

  private printExplanation({ key, state, reason, detail, advice, labels }: Explanation): void {
    this.print(sanitise(key));
    this.print(`  ${state}${reason === null ? '' : `: ${reason}`} (${sanitise(detail)})`);
    if (advice !== null) this.print(`  What to do: ${advice}`);
    for (const { name, confidence, inherited } of labels) {
      this.print(
        `  ${String(confidence).padStart(3)}  ${sanitise(name)}${inherited ? ' (comes with another label)' : ''}`,
      );
    }
  }
}
