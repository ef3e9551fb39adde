import * as Args from '@oclif/core/args';
import { openStack } from '../../stack/open.ts';
import { writeRecord } from '../../stack/record.ts';
import { selectStack } from '../../stack/select.ts';
import { describeSettings, parseSetting, SETTINGS, type SettingValue } from '../../stack/settings.ts';
import { awsFlags, RekbackCommand, stackFlag } from '../../terminal/command.ts';

interface Result {
  stack: string;
  settings: SettingValue[];
}

export default class SettingsSet extends RekbackCommand<Result> {
  static override summary = 'Change settings of a stack. Never costs a labeler call.';
  static override examples = ['<%= config.bin %> settings set min-confidence=80 concurrency=4'];
  static override strict = false;
  static override args = {
    assignment: Args.string({
      required: true,
      multiple: true,
      description: 'NAME=VALUE, any number of them.',
    }),
  };
  static override flags = { stack: stackFlag, ...awsFlags };

  async run(): Promise<Result> {
    const { args, flags } = await this.parse(SettingsSet);
    const stack = openStack(await selectStack(flags.stack, flags));
    const { record } = stack;
    const changes = args.assignment.map(parseSetting);
    const settings = { ...record.settings, ...Object.fromEntries(changes) };
    await writeRecord(await stack.objects(), { ...record, settings });
    for (const [name, value] of changes) {
      this.print(`${name} is ${value}`);
      const { note } = SETTINGS[name];
      if (note !== undefined && value !== record.settings[name]) this.note(`${name} ${note}`);
    }
    return { stack: record.name, settings: describeSettings(settings) };
  }
}
