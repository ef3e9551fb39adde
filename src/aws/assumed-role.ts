import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types';
import { RekbackError } from '../runtime/errors.ts';
import type { Clients } from './clients.ts';

/** Milliseconds. Keys are renewed this long before they run out, so that none does on its way. */
const MARGIN = 5 * 60_000;

/**
 * The keys of a role, which the caller acts as; kept for as long as they are valid.
 *
 * @returns rejects with AWS's `AccessDenied` also for some seconds after the role was made, and for one that is not there
 */
export function assumedRole(clients: Clients, RoleArn: string): AwsCredentialIdentityProvider {
  let held: Promise<AwsCredentialIdentity> | undefined;
  const assume = async (): Promise<AwsCredentialIdentity> => {
    const { Credentials: keys } = await clients(STSClient).send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: 'rekback' }),
    );
    if (keys?.AccessKeyId === undefined || keys.SecretAccessKey === undefined) {
      throw new RekbackError('no-keys', `AWS gave no keys for the role ${RoleArn}`);
    }
    return {
      accessKeyId: keys.AccessKeyId,
      secretAccessKey: keys.SecretAccessKey,
      ...(keys.SessionToken !== undefined && { sessionToken: keys.SessionToken }),
      ...(keys.Expiration !== undefined && { expiration: keys.Expiration }),
    };
  };
  return () => {
    // One call, however many ask at once.
    const before = held;
    const renewed = (before ?? Promise.resolve(undefined))
      .catch(() => undefined)
      .then((keys) => (keys !== undefined && isValid(keys) ? keys : assume()));
    held = renewed;
    return renewed;
  };
}

const isValid = ({ expiration }: AwsCredentialIdentity): boolean =>
  (expiration?.getTime() ?? 0) - MARGIN > Date.now();
