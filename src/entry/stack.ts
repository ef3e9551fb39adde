import { S3Client } from '@aws-sdk/client-s3';
import { openS3Objects } from '../adapters/s3/objects.ts';
import { type Clients, createClients } from '../aws/clients.ts';
import { ENVIRONMENT } from '../runtime/contract.ts';
import { RekbackError } from '../runtime/errors.ts';
import { type AwsParts, awsParts } from '../stack/aws-parts.ts';
import { type AwsRecord, isOnAws, readRecord } from '../stack/record.ts';

/** The stack that this process works for. */
export interface OwnStack extends AwsParts {
  record: AwsRecord;
  clients: Clients;
}

/**
 * Opens the stack that the environment names. Its bucket's name tells also the account and the Region.
 *
 * @param callsPerSecond - labeler calls that this process may make
 * @throws RekbackError `no-environment`, `stack-damaged`, `no-stack`
 */
export async function openOwnStack(
  environment: NodeJS.ProcessEnv,
  callsPerSecond: (clients: Clients) => Promise<number>,
): Promise<OwnStack> {
  const name = variable(environment, ENVIRONMENT.stack);
  const bucket = variable(environment, ENVIRONMENT.bucket);
  const [, account = '', region = ''] = /-(\d{12})-([a-z0-9-]+)$/.exec(bucket) ?? [];
  const clients = createClients({ region });
  const record = await readRecord(openS3Objects(clients, { bucket, account }), name);
  if (record === undefined || !isOnAws(record)) {
    throw new RekbackError('no-stack', `there is no stack '${name}' in the bucket '${bucket}'`, {
      suggestions: ['finish its setup by running it again: rekback setup'],
    });
  }
  const parts = awsParts({
    record,
    clients,
    indexCredentials: () => clients(S3Client).config.credentials(),
    callsPerSecond: () => callsPerSecond(clients),
  });
  return { ...parts, record, clients };
}

/** @throws RekbackError `no-environment` */
export function variable(environment: NodeJS.ProcessEnv, name: string): string {
  const value = environment[name];
  if (value) return value;
  throw new RekbackError('no-environment', `the variable ${name} is not set`, {
    suggestions: ['setup sets it for the jobs and the live function; write them again: rekback setup'],
  });
}
