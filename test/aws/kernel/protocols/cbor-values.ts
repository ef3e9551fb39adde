/** CBOR (RFC 8949) as far as Smithy uses it: no simple values but false, true, null; tag 1 is a point in time. */
export function decodeCbor(bytes: Uint8Array): unknown {
  return new Decoder(bytes).value();
}

const BREAK = Symbol('end of an indefinite item');

class Decoder {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(): unknown {
    const first = this.#view.getUint8(this.#at++);
    const major = first >> 5;
    const low = first & 31;
    if (major === 7) return this.#simple(low);
    const size = low === 31 ? undefined : this.#size(low);
    switch (major) {
      case 0:
        return size;
      case 1:
        return -1 - (size ?? 0);
      case 2:
        return size === undefined ? Buffer.concat(this.#until<Uint8Array>()) : this.#take(size);
      case 3:
        return size === undefined ? this.#until<string>().join('') : Buffer.from(this.#take(size)).toString();
      case 4:
        return size === undefined ? this.#until() : Array.from({ length: size }, () => this.value());
      case 5:
        return this.#map(size);
      default: {
        const inner = this.value();
        return size === 1 && typeof inner === 'number' ? new Date(inner * 1000) : inner;
      }
    }
  }

  #size(low: number): number {
    if (low < 24) return low;
    const width = 1 << (low - 24);
    const at = this.#at;
    this.#at += width;
    if (width === 1) return this.#view.getUint8(at);
    if (width === 2) return this.#view.getUint16(at);
    return width === 4 ? this.#view.getUint32(at) : Number(this.#view.getBigUint64(at));
  }

  #simple(low: number): unknown {
    if (low === 20) return false;
    if (low === 21) return true;
    if (low === 22 || low === 23) return null;
    if (low === 31) return BREAK;
    const at = this.#at;
    if (low === 26) this.#at += 4;
    else if (low === 27) this.#at += 8;
    else throw new Error(`CBOR simple value ${low}`);
    return low === 26 ? this.#view.getFloat32(at) : this.#view.getFloat64(at);
  }

  #take(size: number): Uint8Array {
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  #until<T>(): T[] {
    const items: T[] = [];
    for (let item = this.value(); item !== BREAK; item = this.value()) items.push(item as T);
    return items;
  }

  #map(size: number | undefined): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (let i = 0; size === undefined || i < size; i++) {
      const key = this.value();
      if (key === BREAK) break;
      map[String(key)] = this.value();
    }
    return map;
  }
}

/** Dates become tag 1, whole numbers integers, other numbers doubles; `undefined` members are left out. */
export function encodeCbor(value: unknown): Buffer {
  if (value === null || value === undefined) return Buffer.from([0xf6]);
  if (value === false) return Buffer.from([0xf4]);
  if (value === true) return Buffer.from([0xf5]);
  if (typeof value === 'number') return encodeNumber(value);
  if (typeof value === 'string')
    return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Date)
    return Buffer.concat([Buffer.from([0xc1]), encodeNumber(value.getTime() / 1000)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(encodeCbor)]);
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Buffer.concat([head(5, entries.length), ...entries.flat().map(encodeCbor)]);
}

function encodeNumber(value: number): Buffer {
  if (Number.isSafeInteger(value)) return value >= 0 ? head(0, value) : head(1, -1 - value);
  const bytes = Buffer.alloc(9, 0xfb);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function head(major: number, size: number): Buffer {
  if (size < 24) return Buffer.from([(major << 5) | size]);
  const bytes = Buffer.alloc(9, (major << 5) | 27);
  bytes.writeBigUInt64BE(BigInt(size), 1);
  return bytes;
}
