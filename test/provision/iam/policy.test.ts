import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalOf,
  canonicalPolicy,
  type Policy,
  policy,
  type Statement,
} from '../../../src/provision/iam/policy.ts';

const name = fc.constantFrom('s3:GetObject', 's3:PutObject', 'sqs:SendMessage', 'es:ESHttpGet', '*');
const arn = fc.constantFrom('arn:aws:s3:::a', 'arn:aws:s3:::b/*', 'arn:aws:sqs:eu-west-1:1:c', '*');
const names = fc.oneof(name, fc.uniqueArray(name, { minLength: 1 }));
const arns = fc.oneof(arn, fc.uniqueArray(arn, { minLength: 1 }));

const statement: fc.Arbitrary<Statement> = fc.record(
  {
    Sid: fc.constantFrom('One', 'Two'),
    Effect: fc.constantFrom('Allow', 'Deny'),
    Principal: fc.oneof(fc.constant('*' as const), fc.record({ AWS: arns }), fc.record({ Service: names })),
    Action: names,
    Resource: arns,
    Condition: fc.dictionary(
      fc.constantFrom('StringEquals', 'Bool', 'ArnLike'),
      fc.dictionary(fc.constantFrom('aws:SourceArn', 'aws:SecureTransport'), fc.oneof(arns, fc.boolean()), {
        minKeys: 1,
      }),
      { minKeys: 1 },
    ),
  },
  { requiredKeys: ['Effect', 'Action'] },
);
const policies: fc.Arbitrary<Policy> = fc
  .array(statement, { minLength: 1, maxLength: 4 })
  .map((statements) => policy(...statements));

/** The same policy in another form, drawn by `flip`: lists turned round, lists of one and single values swapped, booleans as text. */
function otherForm(value: unknown, flip: () => boolean): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => otherForm(item, flip));
    if (items.length === 1 && typeof items[0] === 'string' && flip()) return items[0];
    return flip() ? items.toReversed() : items;
  }
  if (typeof value === 'boolean') return flip() ? String(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => {
    const isList = typeof member === 'string' && !['Version', 'Sid', 'Effect', 'Principal'].includes(key);
    return [key, isList && flip() ? [member] : otherForm(member, flip)];
  });
  return Object.fromEntries(flip() ? members.toReversed() : members);
}

describe('canonicalPolicy', () => {
  it('is one for all forms of a policy', () => {
    fc.assert(
      fc.property(policies, fc.infiniteStream(fc.boolean()), (wanted, flips) => {
        const flip = () => Boolean(flips.next().value);
        const answered = JSON.stringify(otherForm(wanted, flip));
        expect(canonicalPolicy(answered)).toEqual(canonicalOf(wanted));
        expect(JSON.stringify(canonicalPolicy(answered))).toBe(JSON.stringify(canonicalOf(wanted)));
      }),
    );
  });

  it('is stable, and changes nothing of what it is given', () => {
    fc.assert(
      fc.property(policies, (wanted) => {
        const before = JSON.stringify(wanted);
        const once = canonicalOf(wanted);
        expect(canonicalOf(once)).toEqual(once);
        expect(JSON.stringify(wanted)).toBe(before);
      }),
    );
  });

  it('differs when a right, a resource or a condition does', () => {
    const base: Statement = {
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject'],
      Resource: 'arn:aws:s3:::a/*',
      Condition: { StringEquals: { 'aws:SourceAccount': '111122223333' } },
    };
    const { Condition: _, ...unconditional } = base;
    const others: Statement[] = [
      { ...base, Effect: 'Deny' },
      { ...base, Action: ['s3:GetObject'] },
      { ...base, Action: [...base.Action, 's3:DeleteObject'] },
      { ...base, Resource: ['arn:aws:s3:::a/*', 'arn:aws:s3:::b/*'] },
      { ...base, Condition: { StringLike: { 'aws:SourceAccount': '111122223333' } } },
      { ...base, Condition: { StringEquals: { 'aws:SourceAccount': '444455556666' } } },
      unconditional,
    ];
    const forms = [base, ...others].map((each) => JSON.stringify(canonicalOf(policy(each))));
    expect(new Set(forms).size).toBe(forms.length);
    expect(canonicalOf(policy(base, base))).not.toEqual(canonicalOf(policy(base)));
  });

  it('is none for nothing, and for what is no JSON', () => {
    expect(canonicalPolicy(undefined)).toBeUndefined();
    expect(canonicalPolicy('')).toBeUndefined();
    expect(canonicalPolicy('%7B%22Version%22')).toBeUndefined();
  });
});
