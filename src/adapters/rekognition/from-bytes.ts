import { refusalByHeader } from './header.ts';
import type { ImageSource } from './source.ts';

/** https://docs.aws.amazon.com/rekognition/latest/dg/limits.html */
const MAX_SENT = 5 * 2 ** 20;

/** Bytes of a file. Larger ones are made smaller first, so that only memory limits them: several are held at a time. */
const MAX_BYTES = 64 * 2 ** 20;

/** The image itself is sent, in a smaller copy where it is larger than Rekognition takes. */
export const bytesSource: ImageSource = {
  maxBytes: MAX_BYTES,
  async imageOf(ref, signal) {
    const bytes = await ref.bytes();
    signal?.throwIfAborted();
    const refusal = refusalByHeader(bytes);
    if (refusal !== undefined && refusal.refusal !== 'too-large') return refusal;
    if (refusal === undefined && bytes.length <= MAX_SENT) return { image: { Bytes: bytes } };
    const { downsize } = await import('./downsize.ts');
    const smaller = await downsize(bytes, MAX_SENT);
    return 'refusal' in smaller ? smaller : { image: { Bytes: smaller.bytes } };
  },
  startOf: (ref) => ref.bytes(),
  explain: async () => {},
};
