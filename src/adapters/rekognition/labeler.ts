import {
  DetectLabelsCommand,
  type DetectLabelsCommandOutput,
  type Label,
  RekognitionClient,
  type RekognitionClientConfig,
} from '@aws-sdk/client-rekognition';
import type { Clients } from '../../aws/clients.ts';
import type { Answer, DetectedLabel, ImageRef, RefusalReason } from '../../runtime/contract.ts';
import { SystemicError, UnreadableError } from '../../runtime/errors.ts';
import type { Labeler } from '../../runtime/ports.ts';
import { LABEL_CALL_PRICE } from '../../runtime/price.ts';
import { meaningOf, wordsOf } from './errors.ts';
import { refusalByHeader } from './header.ts';
import { type RekognitionSettings, rekognitionLabeling, requestSettings } from './settings.ts';
import type { ImageSource } from './source.ts';

export interface RekognitionOptions extends RekognitionSettings {
  clients: Clients;
  source: ImageSource;
  /** Calls a second that may be made. */
  callsPerSecond(): Promise<number>;
}

const FORMATS: ReadonlySet<string> = new Set(['.jpg', '.jpeg', '.png']);

/** Images that fail in a way that may be the fault of all, before it is taken for that; none may have succeeded. */
const DOUBTS = 20;

/** Milliseconds; an answer takes about one second. */
const TIMEOUT = 60_000;

/**
 * One attempt a call: the governor paces and repeats, and counts each call once. More calls are under way at once than the
 * SDK's 50 sockets would let through. A handler that is given knows the way past a proxy.
 */
class PacedClient extends RekognitionClient {
  constructor(config: RekognitionClientConfig) {
    super({
      ...config,
      maxAttempts: 1,
      requestHandler: config.requestHandler ?? {
        connectionTimeout: 10_000,
        requestTimeout: TIMEOUT,
        throwOnRequestTimeout: true,
        httpsAgent: { maxSockets: 256 },
        httpAgent: { maxSockets: 256 },
      },
    });
  }
}

/** Labels by Amazon Rekognition's DetectLabels. */
export function createRekognitionLabeler(options: RekognitionOptions): Labeler {
  const { clients, source } = options;
  const labeling = rekognitionLabeling(options);
  const settings = requestSettings(labeling);
  let answered = false;
  let doubts = 0;

  /** What is either this image's fault or everybody's is left open for this run, until there are too many of them. */
  function doubt(message: string, cause: unknown, suggestions: readonly string[]): Error {
    if (answered || ++doubts < DOUBTS) return new UnreadableError(message, { cause });
    return new SystemicError('labeler-refuses', message, { cause, suggestions });
  }

  /** The answer of an image that was refused, where its beginning does not say why for the `reason` given. */
  async function refusal(
    ref: ImageRef,
    error: unknown,
    reason: RefusalReason | undefined,
    signal?: AbortSignal,
  ): Promise<Answer | undefined> {
    const start = await source.startOf(ref, signal);
    const seen = refusalByHeader(start);
    if (seen !== undefined || reason === undefined) return seen;
    // It begins as an image that Rekognition takes, so what is wrong is further inside.
    return { refusal: reason === 'format' ? 'corrupt' : reason, detail: wordsOf(error) };
  }

  async function failed(ref: ImageRef, error: unknown, signal?: AbortSignal): Promise<Answer> {
    const meaning = meaningOf(error);
    if (meaning.is === 'object') {
      await source.explain(ref, error, signal);
      throw doubt(`we may read it, but Rekognition may not: ${wordsOf(error)}`, error, [
        "check the bucket's policy: one that asks for an address or a VPC endpoint keeps Rekognition out",
      ]);
    }
    const reason = meaning.is === 'refused' ? meaning.reason : answered ? 'refused' : undefined;
    const answer = await refusal(ref, error, reason, signal);
    if (answer !== undefined) return answer;
    throw doubt(`Rekognition refuses what it is asked: ${wordsOf(error)}`, error, [
      'check the settings: rekback settings',
    ]);
  }

  return {
    labeling,
    formats: FORMATS,
    maxBytes: source.maxBytes,
    callPrice: LABEL_CALL_PRICE,
    budget: () => options.callsPerSecond(),
    async detect(ref, signal) {
      const sent = await source.imageOf(ref, signal);
      if ('refusal' in sent) return sent;
      const command = new DetectLabelsCommand({ ...settings, Image: sent.image });
      let found: DetectLabelsCommandOutput;
      try {
        found = await clients(PacedClient).send(command, signal === undefined ? {} : { abortSignal: signal });
      } catch (error) {
        signal?.throwIfAborted();
        return failed(ref, error, signal);
      }
      answered = true;
      const { Labels = [], LabelModelVersion: model } = found;
      return { labels: Labels.map(detectedLabel), ...(model !== undefined && { model }) };
    },
  };
}

function detectedLabel({ Name = '', Confidence = 0, Parents, Categories, Instances }: Label): DetectedLabel {
  const names = (list: readonly { Name?: string | undefined }[] = []) =>
    list.flatMap(({ Name: name }) => name ?? []);
  const parents = names(Parents);
  const categories = names(Categories);
  const instances = (Instances ?? []).flatMap(({ Confidence: confidence = 0, BoundingBox: box }) => {
    if (box === undefined) return [];
    const { Left = 0, Top = 0, Width = 0, Height = 0 } = box;
    return [{ confidence, box: [Left, Top, Width, Height] as const }];
  });
  return {
    name: Name,
    confidence: Confidence,
    ...(parents.length > 0 && { parents }),
    ...(categories.length > 0 && { categories }),
    ...(instances.length > 0 && { instances }),
  };
}
