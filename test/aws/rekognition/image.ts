/** What Rekognition makes of an image's bytes before it looks at the picture. */
export interface ImageHeader {
  width: number;
  height: number;
  /** The content ends where its format says. */
  whole: boolean;
}

const PNG = '\x89PNG\r\n\x1a\n';
const PNG_END = 'IEND\xaeB`\x82';

/** Undefined for what is neither JPEG nor PNG, whatever it is called. */
export function readHeader(bytes: Buffer): ImageHeader | undefined {
  if (bytes.toString('latin1', 0, 8) === PNG) {
    if (bytes.length < 24) return { width: 0, height: 0, whole: false };
    const whole = bytes.toString('latin1', bytes.length - 8) === PNG_END;
    return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), whole };
  }
  return bytes.length >= 2 && bytes.readUInt16BE(0) === 0xffd8 ? readJpeg(bytes) : undefined;
}

/** Goes from segment to segment (ITU-T T.81, B.1.1.4) to the frame header, which has the size. */
function readJpeg(bytes: Buffer): ImageHeader {
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) at++;
    else if (isFrame(marker)) {
      const whole = bytes.subarray(at).includes(Buffer.from([0xff, 0xd9]));
      return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5), whole };
    } else at += 2 + bytes.readUInt16BE(at + 2);
  }
  return { width: 0, height: 0, whole: false };
}

/** SOF0–SOF15, without DHT, JPG and DAC, which are among them. */
const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
