import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { openBatchJobs } from '../adapters/batch/jobs.ts';
import type { IndexOptions } from '../adapters/opensearch/client.ts';
import { objectSource } from '../adapters/rekognition/from-s3.ts';
import { createRekognitionLabeler } from '../adapters/rekognition/labeler.ts';
import { openS3Images } from '../adapters/s3/images.ts';
import { openS3Objects } from '../adapters/s3/objects.ts';
import type { Clients } from '../aws/clients.ts';
import { RekbackError } from '../runtime/errors.ts';
import type { ImageStore, IndexWriter, Jobs, Labeler, ObjectStore } from '../runtime/ports.ts';
import { INDEX_ADDRESS, INDEX_MADE } from '../runtime/run/layout.ts';
import { readJson } from '../runtime/run/record.ts';
import { batchNames, namesOf } from './aws-names.ts';
import { type AwsRecord, specOf } from './record.ts';

export interface AwsPartsOptions {
  record: AwsRecord;
  clients: Clients;
  /** Who asks the index: a role of the stack. */
  indexCredentials: AwsCredentialIdentityProvider;
  /** Labeler calls a second that may be made. */
  callsPerSecond(): Promise<number>;
}

/** The adapters of a stack on AWS, the same for its commands, its live function and its jobs. */
export interface AwsParts {
  objects: ObjectStore;
  images: ImageStore;
  labeler: Labeler;
  jobs: Jobs;
  /** How the index is reached. @throws RekbackError `index-missing` where no setup has said so yet */
  indexOptions(): Promise<IndexOptions>;
  /**
   * Opens the index, and makes it where there has never been one.
   * @param images - how many are expected, where that is known
   * @throws RekbackError `index-missing`: it was lost, and a new one would have every image labelled again
   */
  indexWriter(images?: number): Promise<IndexWriter>;
}

/** Nothing is called by that. */
export function awsParts({ record, clients, indexCredentials, callsPerSecond }: AwsPartsOptions): AwsParts {
  const { bucket, account, region } = record.aws;
  const names = namesOf(specOf(record));
  const place = { bucket, region, account };
  const objects = openS3Objects(clients, { bucket: names.bucket.name, account });
  const { 'label-floor': labelFloor, 'max-labels': maxLabels } = record.settings;

  const indexOptions = async (): Promise<IndexOptions> => {
    const address = await readJson<{ endpoint: string }>(objects, INDEX_ADDRESS);
    if (address === undefined) throw noAddress(record.name);
    const { passwordFrom } = await import('../adapters/opensearch/client.ts');
    const signIn = passwordFrom(process.env) ?? { kind: 'aws', region, credentials: indexCredentials };
    return { endpoint: address.endpoint, signIn, stack: record.name, bucket };
  };

  return {
    objects,
    images: openS3Images(clients, place),
    labeler: createRekognitionLabeler({
      clients,
      source: objectSource(clients, place),
      callsPerSecond,
      labelFloor,
      maxLabels,
    }),
    jobs: openBatchJobs(clients, batchNames(specOf(record))),
    indexOptions,
    async indexWriter(images = 0) {
      const options = await indexOptions();
      if ((await objects.get(INDEX_MADE)) === undefined) {
        const { createIndex } = await import('../adapters/opensearch/manage.ts');
        await createIndex(options, images);
        await objects.put(INDEX_MADE, Buffer.from(JSON.stringify({ endpoint: options.endpoint })));
      }
      const { openIndexWriter } = await import('../adapters/opensearch/writer.ts');
      return openIndexWriter(options);
    },
  };
}

const noAddress = (stack: string) =>
  new RekbackError('index-missing', `the index of stack '${stack}' is not set up yet`, {
    suggestions: ['finish it by running the same command again: rekback setup'],
  });
