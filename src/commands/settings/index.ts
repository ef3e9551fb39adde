import { openStack } from '../../stack/open.ts';
import { selectStack } from '../../stack/select.ts';
import { describeSettings, type SettingValue } from '../../stack/settings.ts';
import { awsFlags, RekbackCommand, stackFlag } from '../../terminal/command.ts';

interface Result {
  stack: string;
  settings: SettingValue[];
}

export default class Settings extends RekbackCommand<Result> {
  static override summary = 'Show what can be set on a stack, and what it is set to.';
  static override examples = [
    '<%= config.bin %> settings',
    '<%= config.bin %> settings set min-confidence=80',
  ];
  static override flags = { stack: stackFlag, ...awsFlags };

  async run(): Promise<Result> {
    const { flags } = await this.parse(Settings);
    const { record } = openStack(await selectStack(flags.stack, flags));
    const settings = describeSettings(record.settings);
    await this.table(settings, [
      { header: 'Setting', cell: ({ name }) => name },
      { header: 'Value', cell: ({ value }) => String(value), align: 'right' },
      { header: 'What it is', cell: ({ summary }) => summary },
    ]);
    return { stack: record.name, settings };
  }
}
