import type { Image } from '@aws-sdk/client-rekognition';
import type { ImageRef } from '../../runtime/contract.ts';
import type { Refusal } from './header.ts';

/** How an image gets to Rekognition. */
export interface ImageSource {
  /** Bytes; see `Labeler.maxBytes`. */
  readonly maxBytes: number;
  /** What is sent, or why that would be in vain. */
  imageOf(ref: ImageRef, signal?: AbortSignal): Promise<{ image: Image } | Refusal>;
  /** The beginning of the content, with the header in all but rare cases. */
  startOf(ref: ImageRef, signal?: AbortSignal): Promise<Buffer>;
  /** Throws what keeps Rekognition from reading the image, as far as that can be found out. */
  explain(ref: ImageRef, error: unknown, signal?: AbortSignal): Promise<void>;
}
