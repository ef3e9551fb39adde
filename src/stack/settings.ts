import { RekbackError } from '../runtime/errors.ts';

/** What can be changed after setup; every value is a whole number. */
export interface Settings {
  'min-confidence': number;
  'label-floor': number;
  'max-labels': number;
  concurrency: number;
  rate: number;
  'live-max-per-day': number;
}

export type SettingName = keyof Settings;

interface Definition {
  summary: string;
  initial: number;
  lowest: number;
  highest: number;
  /** What changing it means for images that are labelled already. */
  note?: string;
}

const OUTDATES =
  'applies to images labelled from now on; for the others: rekback backfill now --relabel outdated';

export const SETTINGS: Readonly<Record<SettingName, Definition>> = {
  'min-confidence': { summary: 'least confidence of a search', initial: 0, lowest: 0, highest: 100 },
  'label-floor': {
    summary: 'labels below this confidence are not stored',
    initial: 5,
    lowest: 0,
    highest: 100,
    note: OUTDATES,
  },
  'max-labels': {
    summary: 'most labels stored per image',
    initial: 100,
    lowest: 1,
    highest: 1000,
    note: OUTDATES,
  },
  concurrency: {
    summary: 'images in flight at once; 0: what suits this machine',
    initial: 0,
    lowest: 0,
    highest: 256,
  },
  rate: {
    summary: 'labeler calls per second; 0: what the labeler allows',
    initial: 0,
    lowest: 0,
    highest: 100_000,
  },
  'live-max-per-day': {
    summary: 'AWS: labeler calls of live changes a day; 0: no limit',
    initial: 0,
    lowest: 0,
    highest: 100_000_000,
  },
};

const settingNames = Object.keys(SETTINGS) as SettingName[];

export const initialSettings = (): Settings =>
  Object.fromEntries(settingNames.map((name) => [name, SETTINGS[name].initial])) as unknown as Settings;

/**
 * Reads one `name=value`.
 * @throws RekbackError `unknown-setting` or `setting-value`, exit 2
 */
export function parseSetting(assignment: string): [SettingName, number] {
  const at = assignment.indexOf('=');
  const name = at < 0 ? assignment : assignment.slice(0, at);
  const known = settingNames.find((setting) => setting === name);
  if (known === undefined || at < 0) {
    const message = known === undefined ? `there is no setting '${name}'` : `'${assignment}' has no value`;
    throw new RekbackError('unknown-setting', message, {
      exitCode: 2,
      suggestions: [`write NAME=VALUE with one of: ${settingNames.join(', ')}`],
    });
  }
  const text = assignment.slice(at + 1);
  const value = Number(text);
  const { lowest, highest } = SETTINGS[known];
  if (!/^\d+$/.test(text) || value < lowest || value > highest) {
    throw new RekbackError('setting-value', `'${text}' is no value for ${known}`, {
      exitCode: 2,
      suggestions: [`give a whole number from ${lowest} to ${highest}`],
    });
  }
  return [known, value];
}

export interface SettingValue {
  name: SettingName;
  value: number;
  summary: string;
}

/** Every setting with its present value. */
export const describeSettings = (settings: Settings): SettingValue[] =>
  settingNames.map((name) => ({ name, value: settings[name], summary: SETTINGS[name].summary }));
