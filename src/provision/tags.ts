import { RekbackError } from '../runtime/errors.ts';
import { STACK_TAG } from '../stack/aws-spec.ts';

export type Tags = Readonly<Record<string, string>>;

/** Whether what carries these tags is the stack's whose tags are wanted. */
export const isOurs = (actual: Tags, wanted: Tags): boolean => actual[STACK_TAG] === wanted[STACK_TAG];

/** The tags that are missing or have another value. What others added stays. */
export const tagsToSet = (wanted: Tags, actual: Tags): Tags =>
  Object.fromEntries(Object.entries(wanted).filter(([key, value]) => actual[key] !== value));

/** The form of most services. */
export const tagList = (tags: Tags): { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** From the list form. SDK types let keys and values be left out; AWS never does. */
export const tagsOf = (
  tags: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined,
): Tags => Object.fromEntries((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));

/**
 * `K=V` flags as tags. 50 is the limit of AWS for one resource, of which two are ours; names that begin with `aws:` are
 * its own. https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
 *
 * @throws RekbackError `bad-tag`, exit 2
 */
export function parseTags(flags: readonly string[]): Tags {
  const tags: Record<string, string> = {};
  for (const flag of flags) {
    const at = flag.indexOf('=');
    const key = flag.slice(0, at);
    const value = flag.slice(at + 1);
    const characters = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
    const fits = at > 0 && key.length <= 128 && value.length <= 256 && characters.test(key + value);
    if (!fits || /^(aws|rekback):/i.test(key)) {
      throw new RekbackError('bad-tag', `'${flag}' can't be a tag`, {
        exitCode: 2,
        suggestions: [
          "write NAME=VALUE with letters, digits, spaces and _.:/=+-@; names can't begin with aws: or rekback:",
        ],
      });
    }
    tags[key] = value;
  }
  if (Object.keys(tags).length > 40) {
    throw new RekbackError('bad-tag', `${Object.keys(tags).length} tags are too many`, {
      exitCode: 2,
      suggestions: ['give at most 40: AWS allows 50 on a resource'],
    });
  }
  return tags;
}
