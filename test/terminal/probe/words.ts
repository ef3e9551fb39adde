import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { RekbackCommand } from '../../../src/terminal/command.ts';

/** Takes words that may begin with a dash, as a search does. */
export default class Words extends RekbackCommand {
  static override summary = 'Take words.';
  static override dashWords = true;
  static override args = { words: Args.string({ required: true, multiple: true, description: 'Words.' }) };
  static override flags = {
    nul: Flags.boolean({ aliases: ['0'], summary: 'End each with NUL.' }),
    limit: Flags.integer({ summary: 'How many.' }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Words);
    return { words: args.words, nul: flags.nul === true, limit: flags.limit };
  }
}
