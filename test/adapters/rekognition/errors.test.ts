import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RetryableError, SystemicError, UnreadableError } from '../../../src/runtime/errors.ts';
import type { World } from '../../aws/kernel/world.ts';
import { jpeg } from '../../aws/rekognition/pictures.ts';
import { startWorld } from '../../aws/world.ts';
import { givenImages } from './given.ts';

let world: World;
let given: Awaited<ReturnType<typeof givenImages>>;
beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  given = await givenImages(world);
  await given.put('a.jpg', await jpeg(['Dog']));
  await given.put('b.jpg', await jpeg(['Cat']));
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

/** What a call comes to, in one word: an answer, or what is thrown. */
const outcomeOf = (detecting: Promise<object>): Promise<string> =>
  detecting.then(
    (answer) => ('refusal' in answer ? `refused: ${answer.refusal}` : 'labels'),
    (error: unknown) => {
      if (error instanceof SystemicError) return `systemic: ${error.code}`;
      if (error instanceof RetryableError) return error.throttled ? 'retry, slower' : 'retry';
      return error instanceof UnreadableError ? 'left open' : String(error);
    },
  );

describe('each error class has one outcome', () => {
  const OUTCOMES: [code: string, status: number, outcome: string][] = [
    ['ProvisionedThroughputExceededException', 400, 'retry, slower'],
    ['ThrottlingException', 400, 'retry, slower'],
    ['ThrottlingException', 500, 'retry, slower'],
    ['LimitExceededException', 400, 'retry, slower'],
    ['InternalServerError', 500, 'retry'],
    ['ServiceUnavailableException', 503, 'retry'],
    ['SomethingNew', 500, 'retry'],
    ['SomethingNew', 400, 'retry'],
    ['InvalidImageFormatException', 400, 'refused: corrupt'],
    ['ImageTooLargeException', 400, 'refused: too-large'],
    ['RequestEntityTooLargeException', 413, 'refused: too-large'],
    ['InvalidParameterException', 400, 'left open'],
    ['ValidationException', 400, 'left open'],
    ['InvalidS3ObjectException', 400, 'left open'],
    ['AccessDeniedException', 400, 'systemic: labeler-denied'],
    ['OptInRequired', 403, 'systemic: labeler-denied'],
    ['SubscriptionRequiredException', 400, 'systemic: labeler-denied'],
    ['SomethingNew', 403, 'systemic: labeler-denied'],
    ['ExpiredTokenException', 400, 'systemic: expired-credentials'],
    ['UnrecognizedClientException', 400, 'systemic: refused-credentials'],
    ['InvalidSignatureException', 400, 'systemic: refused-credentials'],
  ];
  it.each(OUTCOMES)('%s (%i): %s', async (code, status, outcome) => {
    world.faults.add({ service: 'rekognition', effect: { error: { code, status } } });
    expect(await outcomeOf(given.detect('a.jpg'))).toBe(outcome);
    expect(given.calls()).toBe(1);
  });

  it('no answer: retry, and one call was made', async () => {
    world.faults.add({ service: 'rekognition', effect: { reset: true } });
    expect(await outcomeOf(given.detect('a.jpg'))).toBe('retry');
    expect(given.calls()).toBe(1);
  });

  it('a right that is missing says which', async () => {
    world.deny('rekognition:DetectLabels');
    await expect(given.detect('a.jpg')).rejects.toMatchObject({
      code: 'labeler-denied',
      suggestions: expect.arrayContaining([expect.stringContaining('rekognition:DetectLabels')]),
    });
  });

  it('a call that was given up ends with the reason', async () => {
    const head = await given.images.head('a.jpg');
    if (head === undefined) throw new Error('it is not there');
    const ref = { bucket: 'photos', key: 'a.jpg', head, bytes: async () => Buffer.alloc(0) };
    const stopped = AbortSignal.abort(new Error('stopped'));
    await expect(given.byObject.detect(ref, stopped)).rejects.toThrow('stopped');
  });
});

describe('what may be the fault of one or of all', () => {
  it.each(['InvalidParameterException', 'InvalidS3ObjectException'])(
    '%s: left open at first, the end of the run when nothing else comes',
    async (code) => {
      world.faults.add({ service: 'rekognition', effect: { error: { code } } });
      for (let image = 1; image < 20; image++)
        expect(await outcomeOf(given.detect('a.jpg'))).toBe('left open');
      expect(await outcomeOf(given.detect('a.jpg'))).toBe('systemic: labeler-refuses');
    },
  );

  it('the fault of the image where others were answered', async () => {
    await given.detect('b.jpg');
    const one = (code: string) =>
      world.faults.add({ service: 'rekognition', nth: 1, effect: { error: { code, message: 'No.' } } });
    one('InvalidParameterException');
    expect(await given.detect('a.jpg')).toEqual({ refusal: 'refused', detail: 'No' });
    for (let image = 0; image < 25; image++) {
      one('InvalidS3ObjectException');
      expect(await outcomeOf(given.detect('a.jpg'))).toBe('left open');
    }
  });
});

describe('an object that Rekognition can’t read is looked at', () => {
  /** As it is found when the call fails; the look before it was fine. */
  async function afterTheLook(change: () => unknown): Promise<string> {
    const head = await given.images.head('a.jpg');
    if (head === undefined) throw new Error('it is not there');
    await change();
    return outcomeOf(
      given.byObject.detect({ bucket: 'photos', key: 'a.jpg', head, bytes: async () => Buffer.alloc(0) }),
    );
  }
  const frozen = { storageClass: 'GLACIER' };
  const customer = { encryption: { algorithm: 'SSE-C', key: undefined } };

  it.each<[string, () => unknown, string]>([
    ['deleted', () => given.change('a.jpg', { deleteMarker: true }), 'left open'],
    ['archived', () => given.change('a.jpg', frozen), 'left open'],
    ['SSE-C', () => given.change('a.jpg', customer), 'left open'],
    ['denied', () => world.deny('s3:GetObject'), 'systemic: bucket-denied'],
    [
      'denied alone',
      () => world.deny('s3:GetObject', { resource: 'arn:aws:s3:::photos/a.jpg' }),
      'left open',
    ],
  ])('%s: %s', async (_, change, outcome) => {
    expect(await afterTheLook(change)).toBe(outcome);
  });

  it('a KMS key that may not be used is named', async () => {
    const SSEKMSKeyId = 'arn:aws:kms:eu-west-1:111122223333:key/1234';
    await given.put('kms.jpg', await jpeg(), { ServerSideEncryption: 'aws:kms', SSEKMSKeyId });
    expect(await outcomeOf(given.detect('kms.jpg'))).toBe('labels');
    world.deny('kms:Decrypt');
    await expect(given.detect('kms.jpg')).rejects.toMatchObject({
      code: 'kms-denied',
      message: expect.stringContaining(SSEKMSKeyId),
    });
  });

  it('a KMS key that only we may use is named too', async () => {
    await given.put('kms.jpg', await jpeg(), { ServerSideEncryption: 'aws:kms' });
    world.faults.add({ service: 'rekognition', effect: { error: { code: 'InvalidS3ObjectException' } } });
    expect(await outcomeOf(given.detect('kms.jpg'))).toBe('systemic: kms-denied');
  });
});
