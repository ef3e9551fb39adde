import { AwsError } from '../kernel/errors.ts';
import type { Call } from '../kernel/operation.ts';

/** A label as DetectLabels answers it. */
export interface AnsweredLabel {
  Name: string;
  Confidence: number;
  Parents?: { Name: string }[];
  Aliases?: { Name: string }[];
  Categories?: { Name: string }[];
  Instances?: {
    Confidence: number;
    BoundingBox: { Left: number; Top: number; Width: number; Height: number };
  }[];
}

/** The image that a call is about; where it was read from, if it was sent as an S3 object. */
export interface SeenImage {
  bytes: Buffer;
  bucket?: string;
  key?: string;
}

export interface RekognitionState {
  modelVersion: string;
  /** Says what is in an image, instead of its own keywords. */
  _answer: ((image: SeenImage) => readonly AnsweredLabel[]) | undefined;
  /** Milliseconds of the double's clock until an answer. */
  _latency: number;
  /** Calls a second and the tokens that are left of them; nothing is throttled without. */
  _limit: { perSecond: number; tokens: number; at: number } | undefined;
}

export type RekognitionCall = Call<RekognitionState>;

export const rekognitionError = (code: string, message: string, status = 400): AwsError =>
  new AwsError(code, message, { status, fields: { Code: code, Message: message } });

/** Takes a token from the account's bucket, which holds one second's worth. */
export function takeToken({ state, world }: RekognitionCall): void {
  const limit = state._limit;
  if (limit === undefined) return;
  const now = world.clock.now();
  limit.tokens = Math.min(limit.perSecond, limit.tokens + ((now - limit.at) / 1000) * limit.perSecond);
  limit.at = now;
  if (limit.tokens < 1) {
    throw rekognitionError('ProvisionedThroughputExceededException', 'Provisioned rate exceeded');
  }
  limit.tokens -= 1;
}
