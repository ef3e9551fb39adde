/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const ALPHABETS = {
  /** IAM's unique ids. */
  base32: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
  hex: '0123456789abcdef',
  word: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
};

/** Random-looking ids, remembered so that a dump can name them by order instead of by chance. */
export class Ids {
  readonly issued = new Set<string>();
  #random = randomFrom(1);

  /** `AROA` + 17 of base32, `vpc-` + 17 of hex, … */
  make(prefix: string, alphabet: keyof typeof ALPHABETS, length: number): string {
    const letters = ALPHABETS[alphabet];
    let id = prefix;
    for (let i = 0; i < length; i++) id += letters.charAt(Math.floor(this.#random() * letters.length));
    this.issued.add(id);
    return id;
  }

  /** 8-4-4-4-12 hexadecimal digits. */
  uuid(): string {
    const hex = this.make('', 'hex', 32);
    this.issued.delete(hex);
    const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join(
      '-',
    );
    this.issued.add(id);
    return id;
  }
}
