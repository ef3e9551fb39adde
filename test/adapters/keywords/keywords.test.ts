import { describe, expect, it } from 'vitest';
import { keywordLabels } from '../../../src/adapters/keywords/keywords.ts';
import { hierarchyBag, iimKeywords, subjectBag, xmpPacket } from './metadata.ts';

const labels = ({ subjects = [], hierarchies = [], iptc = [] }: Partial<Record<string, string[]>>) =>
  keywordLabels({
    xmp: Buffer.from(xmpPacket(hierarchyBag(...hierarchies) + subjectBag(...subjects))),
    iptc: iimKeywords(...iptc),
  });
const names = async (written: Parameters<typeof labels>[0]) =>
  (await labels(written)).map(({ name }) => name);

describe('keywordLabels', () => {
  it('has none without metadata', async () => {
    expect(await keywordLabels({})).toEqual([]);
  });

  it('is certain of every keyword, wherever it is written', async () => {
    expect(await labels({ subjects: ['dog'], iptc: ['beach'] })).toEqual([
      { name: 'dog', confidence: 100 },
      { name: 'beach', confidence: 100 },
    ]);
  });

  it('gives the last term of a hierarchy with all those above it, nearest first', async () => {
    expect(await labels({ hierarchies: ['Animals|Dog|Poodle'] })).toEqual([
      { name: 'Poodle', confidence: 100, parents: ['Dog', 'Animals'] },
    ]);
  });

  it('gives a plain keyword the parents that a hierarchy knows', async () => {
    expect(await labels({ subjects: ['poodle', 'dog'], hierarchies: ['Animals|Dog|Poodle'] })).toEqual([
      { name: 'Poodle', confidence: 100, parents: ['Dog', 'Animals'] },
      { name: 'Dog', confidence: 100, parents: ['Animals'] },
    ]);
  });

  it('joins the parents of a term in two hierarchies', async () => {
    expect(await labels({ hierarchies: ['Places|Paris', 'People|Hilton|Paris', 'Paris|paris'] })).toEqual([
      { name: 'Paris', confidence: 100, parents: ['Places', 'Hilton', 'People'] },
    ]);
  });

  it('knows a keyword once: by case, by normal form, and without the space around it', async () => {
    expect(await names({ subjects: ['Café', ' dog\t'], iptc: ['cafe\u0301', 'DOG', 'dog\0\0'] })).toEqual([
      'Café',
      'dog',
    ]);
  });

  it('leaves out what is empty or too long to be a keyword', async () => {
    const long = 'x'.repeat(200);
    expect(
      await names({ subjects: ['', ' ', long, `${long}x`], hierarchies: ['|', `Animals||Dog| `] }),
    ).toEqual(['Dog', long]);
    expect(await names({ hierarchies: [Array.from({ length: 17 }, (_, i) => `${i}`).join('|')] })).toEqual(
      [],
    );
  });

  it('keeps hostile keywords as data', async () => {
    const hostile = ['a|b', '\x1b[31mred\x07', 'two\nlines', '__proto__', 'constructor', '\u202eevil'];
    expect(await names({ iptc: hostile })).toEqual(hostile);
  });
});
