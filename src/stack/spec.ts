import { basename } from 'node:path';
import { RekbackError } from '../runtime/errors.ts';

/** Longer names would not fit the names of AWS resources made from them. */
const NAME_LENGTH = 20;
const NAME = /^[a-z][a-z0-9-]*$/;

/** @throws RekbackError `stack-name`, exit 2 */
export function checkStackName(name: string): string {
  if (name.length <= NAME_LENGTH && NAME.test(name)) return name;
  throw new RekbackError('stack-name', `'${name}' can't be a stack's name`, {
    exitCode: 2,
    suggestions: [
      `use lower-case letters, digits and '-', beginning with a letter, at most ${NAME_LENGTH} characters`,
    ],
  });
}

/** The same name with a number, where that is not the first, shortened to fit. */
export function numberedName(name: string, number: number): string {
  if (number === 1) return name;
  const suffix = `-${number}`;
  return `${name.slice(0, NAME_LENGTH - suffix.length).replace(/-+$/, '')}${suffix}`;
}

/** A stack's name made from what its folder is called; `images` where nothing of that can be used. */
export function nameFor(folder: string): string {
  const name = basename(folder)
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, NAME_LENGTH)
    .replace(/-+$/, '');
  return name === '' ? 'images' : name;
}
