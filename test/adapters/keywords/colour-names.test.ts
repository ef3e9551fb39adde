import { describe, expect, it } from 'vitest';
import { COLOUR_NAMES, colourName } from '../../../src/adapters/keywords/colour-names.ts';

/** CSS's named colours and some of what photos are made of, under the name a person would give. */
const EXAMPLES: Record<(typeof COLOUR_NAMES)[number], string> = {
  Red: 'ff0000 dc143c b22222 8b0000 800000 c03010 ff4030',
  Orange: 'ffa500 ff8c00 ff7f50 e67e22 f08030',
  Yellow: 'ffff00 ffd700 f0e68c fff176 ffeb3b d4b020',
  Green: '008000 00ff00 32cd32 228b22 6b8e23 808000 556b2f 9acd32 98fb98 2e8b57 3a5f20',
  Cyan: '00ffff 40e0d0 008080 20b2aa 7fffd4 00ced1',
  Blue: '0000ff 000080 4169e1 87ceeb 4682b4 1e90ff b0c4de 00bfff 203060',
  Purple: '800080 4b0082 8a2be2 9400d3 663399 9370db ba55d3',
  Pink: 'ffc0cb ff69b4 ff1493 fa8072 f08080 ff00ff ee82ee ffb6c1',
  Brown: '8b4513 a0522d 5c4033 654321 7b5b3a b87333 8b6914 c19a6b',
  Beige: 'f5f5dc ffe4c4 f5deb3 d2b48c faebd7 e8c9a0 ffdab9',
  Black: '000000 101010 202020 1a1020 0a0a14',
  White: 'ffffff f8f8ff f5f5f5 fffafa f0f8ff',
  Gray: '808080 a9a9a9 d3d3d3 696969 404040 708090 5a5f58',
};

describe('colourName', () => {
  it.each(COLOUR_NAMES)('%s', (name) => {
    const named = EXAMPLES[name].split(' ').map((hex) => {
      const [red = 0, green = 0, blue = 0] = Buffer.from(hex, 'hex');
      return `${hex} ${colourName(red, green, blue)}`;
    });
    expect(named).toEqual(EXAMPLES[name].split(' ').map((hex) => `${hex} ${name}`));
  });
});
