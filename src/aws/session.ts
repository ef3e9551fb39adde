import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { messageOf, RekbackError } from '../runtime/errors.ts';
import { type Clients, createClients } from './clients.ts';
import { awsFailure, isAwsError } from './errors.ts';

/** Who calls AWS, and where. */
export interface Session {
  clients: Clients;
  region: string;
  account: string;
  /** `aws`, `aws-cn`, `aws-us-gov`: the first part of every ARN. */
  partition: string;
  /** A user, or an assumed role's session: `arn:aws:sts::1:assumed-role/Admin/me`. */
  callerArn: string;
}

/** What a person may say; the rest follows from the standard AWS configuration. */
export interface SessionOptions {
  region?: string | undefined;
  /** A named profile of the AWS configuration files. */
  profile?: string | undefined;
}

/**
 * Finds out in which Region and as whom a command works, with one call. That call needs no right, so it fails only
 * where no other could work: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 *
 * @throws RekbackError `no-region`, `bad-region` (exit 2), `no-credentials`, `expired-credentials`,
 * `refused-credentials`, `aws-unreachable`, `bad-proxy`, `proxy-refused`, `bad-ca-bundle`
 */
export async function openSession(options: SessionOptions = {}): Promise<Session> {
  const profile = options.profile === undefined ? {} : { profile: options.profile };
  const region = await regionOf(options);
  const clients = createClients({ region, ...profile });
  const { Account, Arn } = await clients(STSClient)
    .send(new GetCallerIdentityCommand())
    .catch((error: unknown) => {
      throw explain(error, region, options.profile ?? process.env.AWS_PROFILE);
    });
  const partition = Arn?.split(':')[1];
  if (Account === undefined || Arn === undefined || partition === undefined) {
    throw new RekbackError('aws-unreachable', `AWS did not say whose credentials these are: ${Arn}`, {
      suggestions: ['if AWS_ENDPOINT_URL is set, check that it leads to AWS'],
    });
  }
  return { clients, region, account: Account, partition, callerArn: Arn };
}

/** `AWS_DEFAULT_REGION` is the AWS CLI's name; the SDK itself knows `AWS_REGION` and the profile's setting. */
async function regionOf({ region, profile }: SessionOptions): Promise<string> {
  const named = region ?? (process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION);
  const config = { ...(named && { region: named }), ...(profile !== undefined && { profile }) };
  try {
    return await new STSClient(config).config.region();
  } catch (error) {
    if (named) {
      throw new RekbackError('bad-region', `'${named}' is no AWS Region`, {
        cause: error,
        exitCode: 2,
        suggestions: ['name one like this: --region eu-west-1'],
      });
    }
    throw new RekbackError('no-region', 'no AWS Region is set', {
      cause: error,
      suggestions: [
        'name the Region of your bucket: --region eu-west-1',
        'or set it for good: aws configure set region eu-west-1, or the variable AWS_REGION',
      ],
    });
  }
}

function explain(error: unknown, region: string, profile: string | undefined): RekbackError {
  // What a proxy refuses is explained already.
  if (error instanceof RekbackError) return error;
  const name = error instanceof Error ? error.name : '';
  const of = profile === undefined ? '' : ` of the profile '${profile}'`;
  const login = `log in again: aws sso login${profile === undefined ? '' : ` --profile ${profile}`} (or whatever gave you these credentials)`;
  const isOurs = /^(Credentials|Token)ProviderError$/.test(name);
  if (
    isAwsError(error, 'ExpiredToken', 'ExpiredTokenException') ||
    (isOurs && /expired|re-authenticate|aws (sso )?login/i.test(messageOf(error)))
  ) {
    return new RekbackError('expired-credentials', `the AWS credentials${of} have expired`, {
      cause: error,
      suggestions: [login],
    });
  }
  if (isOurs) {
    return new RekbackError('no-credentials', `no AWS credentials${of} were found: ${oneLine(error)}`, {
      cause: error,
      suggestions: [
        'log in: aws sso login, aws login or aws configure',
        'or name a profile that has some: --profile NAME (list them: aws configure list-profiles)',
      ],
    });
  }
  const failure = awsFailure(error);
  if (failure?.status !== undefined && failure.status < 500 && !isThrottled(failure.code)) {
    return new RekbackError(
      'refused-credentials',
      `AWS refuses the credentials${of}: ${failure.code}: ${oneLine(error)}`,
      {
        cause: error,
        suggestions: [
          'see whose they are: aws sts get-caller-identity',
          `if they work elsewhere, the Region ${region} may not be enabled in this account`,
        ],
      },
    );
  }
  return new RekbackError('aws-unreachable', `AWS can't be reached in ${region}: ${oneLine(error)}`, {
    cause: error,
    suggestions: isUntrusted(error)
      ? [
          'if your network reads TLS, name the file with its CA: NODE_EXTRA_CA_CERTS=ca.pem',
          'or, as for the AWS CLI, one with every CA that is trusted: AWS_CA_BUNDLE=all.pem',
        ]
      : [
          `check that '${region}' is a Region and that this machine reaches the internet`,
          'behind a proxy, set HTTPS_PROXY (and check it); if AWS_ENDPOINT_URL is set, check it',
        ],
  });
}

/** https://nodejs.org/api/tls.html#x509-certificate-error-codes: nobody trusted has signed the certificate. */
const isUntrusted = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  /SELF_SIGNED_CERT|UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT)|CERT_UNTRUSTED/.test(
    String(error.code),
  );

const isThrottled = (code: string) => /throttl/i.test(code);

/** The SDK's messages end with a period and some have line breaks. */
const oneLine = (error: unknown): string => messageOf(error).replace(/\s+/g, ' ').trim().replace(/\.$/, '');
