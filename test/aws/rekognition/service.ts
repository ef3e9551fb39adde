import { AwsError, Unsupported } from '../kernel/errors.ts';
import { operations, type Service } from '../kernel/operation.ts';
import { blob, int, list, need, num, str, struct } from '../kernel/shape.ts';
import type { World } from '../kernel/world.ts';
import { readForCaller } from '../s3/reach.ts';
import { readHeader } from './image.ts';
import { keywordsOf } from './keywords.ts';
import {
  type AnsweredLabel,
  type RekognitionCall,
  type RekognitionState,
  rekognitionError,
  type SeenImage,
  takeToken,
} from './state.ts';

/** https://docs.aws.amazon.com/rekognition/latest/dg/limits.html */
const LIMITS = { bytes: 5 * 2 ** 20, object: 15 * 2 ** 20, least: 80, most: 10_000 };

const op = operations<RekognitionState>();
const names = () => list(str({ min: 1 }), { max: 100 });
const S3Object = struct({
  Bucket: need(str({ min: 3, max: 255, pattern: /^[0-9A-Za-z.\-_]*$/ })),
  Name: need(str({ min: 1, max: 1024 })),
  Version: str({ min: 1, max: 1024 }),
});

const request = struct({
  Image: need(struct({ Bytes: blob(), S3Object })),
  MaxLabels: int(0, 1000),
  MinConfidence: num({ min: 0, max: 100 }),
  Features: list(str({ oneOf: ['GENERAL_LABELS', 'IMAGE_PROPERTIES'] }), { max: 2 }),
  Settings: struct({
    GeneralLabels: struct({
      LabelInclusionFilters: names(),
      LabelExclusionFilters: names(),
      LabelCategoryInclusionFilters: names(),
      LabelCategoryExclusionFilters: names(),
    }),
    ImageProperties: struct({ MaxDominantColors: int(0, 20) }),
  }),
});
type Request = ReturnType<typeof request.read>;

const invalidParameters = () =>
  rekognitionError('InvalidParameterException', 'Request has invalid parameters');

export const rekognition: Service<RekognitionState> = {
  id: 'rekognition',
  signedAs: ['rekognition'],
  wires: ['json'],
  target: 'RekognitionService',
  reach: 'region',
  empty: () => ({ modelVersion: '3.0', _answer: undefined, _latency: 0, _limit: undefined }),
  invalid: ({ path, message }) =>
    rekognitionError(
      'ValidationException',
      `1 validation error detected: Value at '${path}' failed to satisfy constraint: ${message}`,
    ),
  denied: (message) => rekognitionError('AccessDeniedException', message),
  throttled: () => rekognitionError('ProvisionedThroughputExceededException', 'Provisioned rate exceeded'),
  operations: [
    op('DetectLabels', 'Read', request, async (call, input) => {
      takeToken(call);
      checkParameters(input);
      const image = imageOf(call, input);
      await latency(call);
      checkImage(image.bytes);
      const { _answer: answer, modelVersion } = call.state;
      return {
        Labels: selected(answer?.(image) ?? keywordsOf(image.bytes), input),
        LabelModelVersion: modelVersion,
      };
    }),
  ],
};

function checkParameters({
  Image,
  Features = ['GENERAL_LABELS'],
  MaxLabels,
  MinConfidence,
  Settings,
}: Request) {
  if ((Image.Bytes === undefined) === (Image.S3Object === undefined)) throw invalidParameters();
  const isGeneral = Features.includes('GENERAL_LABELS');
  const isAboutLabels = MaxLabels !== undefined || MinConfidence !== undefined || Settings?.GeneralLabels;
  if (!isGeneral && isAboutLabels) throw invalidParameters();
  if (Features.includes('IMAGE_PROPERTIES')) throw new Unsupported('IMAGE_PROPERTIES are not in the double');
}

function imageOf(call: RekognitionCall, { Image: { Bytes, S3Object: at } }: Request): SeenImage {
  if (at !== undefined) {
    const bytes = objectOf(call, at);
    if (bytes.length > LIMITS.object) throw tooLarge(`${bytes.length} bytes`);
    return { bytes, bucket: at.Bucket, key: at.Name };
  }
  const bytes = Bytes ?? Buffer.alloc(0);
  if (bytes.length < 1 || bytes.length > LIMITS.bytes) {
    throw rekognitionError(
      'ValidationException',
      `1 validation error detected: Value at 'image.bytes' failed to satisfy constraint: Member must have length ${bytes.length < 1 ? 'greater than or equal to 1' : `less than or equal to ${LIMITS.bytes}`}`,
    );
  }
  return { bytes };
}

/** Whatever is wrong with reading an object has one name here. */
function objectOf(call: RekognitionCall, at: Parameters<typeof readForCaller>[1]): Buffer {
  try {
    return readForCaller(call, at);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw rekognitionError(
      'InvalidS3ObjectException',
      'Unable to get object metadata from S3. Check object key, region and/or access permissions.',
    );
  }
}

function checkImage(bytes: Buffer): void {
  const header = readHeader(bytes);
  if (header === undefined) throw badFormat('Request has invalid image format');
  const { width, height, whole } = header;
  if (!whole) throw badFormat('Request has invalid image format');
  if (Math.min(width, height) < LIMITS.least) throw invalidParameters();
  if (Math.max(width, height) > LIMITS.most) {
    throw tooLarge(
      `Input image dimensions ${width} x ${height} exceed maximum dimension size of ${LIMITS.most} pixels`,
    );
  }
}

const badFormat = (message: string): AwsError => rekognitionError('InvalidImageFormatException', message);
const tooLarge = (message: string): AwsError => rekognitionError('ImageTooLargeException', message);

/** The surest first, as many as wanted. A filter's names are exact. */
function selected(labels: readonly AnsweredLabel[], { MaxLabels, MinConfidence = 55, Settings }: Request) {
  const {
    LabelInclusionFilters: include = [],
    LabelExclusionFilters: exclude = [],
    LabelCategoryInclusionFilters: includeCategory = [],
    LabelCategoryExclusionFilters: excludeCategory = [],
  } = Settings?.GeneralLabels ?? {};
  const isIn = (categories: readonly string[], { Categories = [] }: AnsweredLabel) =>
    Categories.some(({ Name }) => categories.includes(Name));
  const isUnfiltered = include.length + includeCategory.length === 0;
  return labels
    .filter(({ Confidence }) => Confidence >= MinConfidence)
    .filter((label) => isUnfiltered || include.includes(label.Name) || isIn(includeCategory, label))
    .filter((label) => !exclude.includes(label.Name) && !isIn(excludeCategory, label))
    .sort((a, b) => b.Confidence - a.Confidence)
    .slice(0, MaxLabels ?? 1000);
}

async function latency({ state, world: { clock } }: RekognitionCall): Promise<void> {
  const milliseconds = state._latency;
  if (milliseconds > 0) await new Promise<void>((resolve) => void clock.after(milliseconds, () => resolve()));
}

/** What a test can do to Rekognition in one account and Region. */
export interface Rekognition {
  /** Says what is in an image, instead of its own keywords. */
  answer(labels: (image: SeenImage) => readonly AnsweredLabel[]): void;
  /** From now on only so many calls a second; real time passes by `clock.runOnRealTime()`. */
  limit(perSecond: number): void;
  /** Milliseconds of the double's clock. */
  takeTime(milliseconds: number): void;
  setModelVersion(version: string): void;
}

export function rekognitionIn(world: World, account = '111122223333', region = 'eu-west-1'): Rekognition {
  const state = world.state(rekognition, account, region);
  return {
    answer: (labels) => {
      state._answer = labels;
    },
    limit: (perSecond) => {
      state._limit = { perSecond, tokens: perSecond, at: world.clock.now() };
    },
    takeTime: (milliseconds) => {
      state._latency = milliseconds;
    },
    setModelVersion: (version) => {
      state.modelVersion = version;
    },
  };
}
