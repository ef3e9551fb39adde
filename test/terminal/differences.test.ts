import { expect, test } from 'vitest';
import { describeDifference, describeUpdate } from '../../src/terminal/differences.ts';

test('a field, what it is and what it should be', () => {
  expect(describeDifference({ field: 'seconds', actual: 31, wanted: 1800 })).toBe('seconds is 31, not 1800');
  expect(describeUpdate({ field: 'tags.team', actual: undefined, wanted: 'a' })).toBe(
    'tags.team: not set → "a"',
  );
});

test('long values are cut to where they differ', () => {
  const policy = (action: string) => ({
    Statement: [{ Sid: 'A'.repeat(100), Effect: 'Allow', Action: action, Resource: 'x'.repeat(100) }],
  });
  const line = describeUpdate({ field: 'rights', actual: policy('s3:*'), wanted: policy('s3:GetObject') });
  expect(line).toMatch(/^rights: ….{1,20}s3:\*.* → ….{1,20}s3:GetObject.*…$/);
  expect(line.length).toBeLessThan(120);
});

test('one that ends where the other goes on still shows its end', () => {
  const line = describeDifference({ field: 'f', actual: 'a'.repeat(60), wanted: 'a'.repeat(70) });
  expect(line).toMatch(/^f is …a+", not …a+"$/);
});

test('what stands in a value can do nothing to the terminal', () => {
  expect(describeDifference({ field: 'f', actual: '\x1b[2J\u202e', wanted: '' })).not.toMatch(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    /[\x1b\u202e]/,
  );
});
