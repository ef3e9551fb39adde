import { openFolderImages, resolveFolder } from '../adapters/folder/images.ts';
import { createKeywordsLabeler } from '../adapters/keywords/labeler.ts';
import { bytesSource } from '../adapters/rekognition/from-bytes.ts';
import { createRekognitionLabeler } from '../adapters/rekognition/labeler.ts';
import { createClients } from '../aws/clients.ts';
import { openSession } from '../aws/session.ts';
import { labelCost } from '../runtime/price.ts';
import type { Estimate, EstimateOptions } from './estimate.ts';
import { amountsOf, rateOf, timeOf } from './estimate-figures.ts';
import { createSurvey, survey } from './survey.ts';

/** Where prices are taken from while nobody says where the images would be sent. */
const HOME_REGION = 'us-east-1';

const UNLIMITED = { callsPerSecond: null, hours: null, hoursFormula: null };

/** What a folder's images cost with either labeler. AWS is asked only where a Region or profile is named. */
export async function estimateFolder(folder: string, options: EstimateOptions): Promise<Estimate> {
  const { aws, rate, prefix } = options;
  const root = resolveFolder(folder);
  const isNamed = aws.region !== undefined || aws.profile !== undefined;
  const session = isNamed ? await openSession(aws) : undefined;
  const region = session?.region ?? HOME_REGION;
  const clients = session?.clients ?? createClients({ region });
  const paced = session !== undefined || rate !== undefined ? await rateOf(rate, clients) : undefined;

  const source = { clients, source: bytesSource, callsPerSecond: async () => 0 };
  const read = createSurvey(createKeywordsLabeler());
  const sent = createSurvey(createRekognitionLabeler(source));
  await survey(openFolderImages(root), [read, sent], options);
  const [keywords, rekognition] = [read.result(), sent.result()];
  const calls = rekognition.images.objects;
  return {
    images: root,
    prefix: prefix ?? null,
    account: session?.account ?? null,
    region: session?.region ?? null,
    countedBy: 'listing',
    countedAt: new Date().toISOString(),
    objects: rekognition.seen.objects,
    bytes: rekognition.seen.bytes,
    labelers: [
      {
        labeler: 'keywords',
        ...amountsOf(keywords),
        calls: keywords.images.objects,
        ...UNLIMITED,
        dollars: 0,
        lines: [],
        notes: [],
      },
      {
        labeler: 'rekognition',
        ...amountsOf(rekognition),
        calls,
        ...(paced === undefined ? UNLIMITED : timeOf(calls, paced.perSecond)),
        ...labelCost(calls, region),
      },
    ],
    idle: null,
    notes: paced?.notes ?? [
      'how long Rekognition takes depends on your quota: name a Region (--region REGION) or a rate (--rate N)',
    ],
  };
}
