import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentId, refusal, toDocument, toSource } from '../../../src/adapters/opensearch/document.ts';
import { indexNames } from '../../../src/adapters/opensearch/mapping.ts';
import { makeDocument } from '../../contracts/index.ts';

describe('documents', () => {
  test('come back as they were, without what is stored to be found by', () => {
    const name = fc.string({ unit: 'binary', maxLength: 12 });
    const labels = fc.uniqueArray(
      fc.record(
        { name, confidence: fc.integer({ min: 0, max: 100 }), inherited: fc.constant(true) },
        { requiredKeys: ['name', 'confidence'] },
      ),
      { selector: (label) => label.name },
    );
    fc.assert(
      fc.property(labels, name, (all, detail) => {
        const document = makeDocument('a/b', { labels: all, detail });
        const { names: _, folders: __, keyEnd: ___, ...kept } = toSource(document);
        expect(toDocument(JSON.parse(JSON.stringify(kept)), 'photos')).toEqual(document);
      }),
    );
  });

  test('have 22 characters for an id, the same on every way that a key comes', () => {
    // The rule, written a second time: what is stored under it must be found for ever.
    const hash = createHash('sha256')
      .update('photos')
      .update(Buffer.from([0]))
      .update('é/ü.jpg', 'utf8')
      .digest();
    expect(documentId('photos', 'é/ü.jpg')).toBe(hash.subarray(0, 16).toString('base64url'));
    expect(documentId('photos', 'é/ü.jpg')).toHaveLength(22);
    expect(documentId('photos', 'e\u0301/ü.jpg')).not.toBe(documentId('photos', 'é/ü.jpg'));
  });

  test('of another bucket, with fractions or a label twice are refused', () => {
    const dog = { name: 'Dog', confidence: 90 };
    expect(refusal(makeDocument('a', { labels: [dog] }), 'photos')).toBeUndefined();
    expect(refusal(makeDocument('a'), 'other')).toMatch(/bucket photos/);
    expect(refusal(makeDocument('a', { labels: [{ ...dog, confidence: 90.5 }] }), 'photos')).toMatch(/90\.5/);
    expect(refusal(makeDocument('a', { labels: [dog, { ...dog, confidence: 1 }] }), 'photos')).toMatch(
      /twice/,
    );
  });
});

describe('names', () => {
  test('of two stacks never meet', () => {
    const stack = fc.constantFrom('a', 'a-v1', 'a-v1-v1', 'a-write', 'a-read', 'b');
    fc.assert(
      fc.property(
        stack,
        stack,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        (one, other, v, w) => {
          const [names, others] = [indexNames(one), indexNames(other)];
          const all = [names.read, names.write, names.version(v)];
          expect(names.versionOf(names.version(v))).toBe(v);
          if (one === other) return;
          for (const name of [others.read, others.write, others.version(w)]) expect(all).not.toContain(name);
          expect(names.versionOf(others.version(w))).toBeUndefined();
        },
      ),
    );
  });
});
