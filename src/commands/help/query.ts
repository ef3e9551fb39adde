import { queryHelp } from '../../runtime/query/examples.ts';
import { RekbackCommand } from '../../terminal/command.ts';

export default class HelpQuery extends RekbackCommand<{ help: string }> {
  static override summary = 'Explain the query language by examples.';
  static override examples = ['<%= config.bin %> help query'];

  async run(): Promise<{ help: string }> {
    await this.parse(HelpQuery);
    const help = queryHelp();
    this.print(help);
    return { help };
  }
}
