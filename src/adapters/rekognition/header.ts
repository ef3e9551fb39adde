import type { Answer } from '../../runtime/contract.ts';

/** What the beginning of an image says of it. */
interface Header {
  /** Pixels; undefined where the header is not in these bytes, or broken. */
  size: { width: number; height: number } | undefined;
}

export type Refusal = Extract<Answer, { refusal: unknown }>;

/** https://docs.aws.amazon.com/rekognition/latest/dg/limits.html */
export const LEAST_SIDE = 80;
export const MOST_SIDE = 10_000;

const PNG_SIGNATURE = '\x89PNG\r\n\x1a\n';

/** Undefined for what is neither JPEG nor PNG: names lie. */
function readHeader(bytes: Buffer): Header | undefined {
  if (bytes.toString('latin1', 0, PNG_SIGNATURE.length) === PNG_SIGNATURE) {
    const isThere = bytes.length >= 24 && bytes.toString('latin1', 12, 16) === 'IHDR';
    return {
      size: isThere ? { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) } : undefined,
    };
  }
  return bytes[0] === 0xff && bytes[1] === 0xd8 ? { size: jpegSize(bytes) } : undefined;
}

/** Segment by segment to the frame header (ITU-T T.81, B.1.1.4 and B.2.2). */
function jpegSize(bytes: Buffer): Header['size'] {
  let at = 2;
  while (at + 9 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0;
    // Fill bytes may stand before any marker.
    if (marker === 0xff) at++;
    else if (isFrame(marker)) {
      return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
    } else at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}

/** SOF0 to SOF15; DHT, JPG and DAC are numbered among them. */
const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/** Why Rekognition would not take an image that begins so; undefined where nothing speaks against it. */
export function refusalByHeader(bytes: Buffer): Refusal | undefined {
  if (bytes.length === 0) return { refusal: 'empty', detail: 'the file is empty' };
  const header = readHeader(bytes);
  if (header === undefined) {
    return { refusal: 'format', detail: 'the content is neither JPEG nor PNG, whatever its name says' };
  }
  const { size } = header;
  if (size === undefined) return undefined;
  const pixels = `${size.width} × ${size.height} pixels`;
  if (Math.min(size.width, size.height) < LEAST_SIDE) {
    return { refusal: 'too-small', detail: `${pixels}; a side has to have ${LEAST_SIDE}` };
  }
  if (Math.max(size.width, size.height) > MOST_SIDE) {
    return { refusal: 'too-large', detail: `${pixels}; a side may have ${MOST_SIDE}` };
  }
  return undefined;
}
