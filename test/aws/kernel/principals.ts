import { AwsError } from './errors.ts';
import type { Ids } from './random.ts';

/** Who calls. */
export interface Principal {
  account: string;
  /** `arn:aws:iam::1:user/x` or `arn:aws:sts::1:assumed-role/x/session`. */
  arn: string;
  userId: string;
  /** ARN of the assumed role. */
  role?: string;
}

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}

const ADMIN_KEY = 'AKIADOUBLE';

interface Known {
  principal: Principal;
  credentials: Credentials;
}

/** Callers by access key. Signatures are not verified, tokens and expiries are. */
export class Principals {
  #known = new Map<string, Known>();
  readonly #ids: Ids;
  constructor(ids: Ids) {
    this.#ids = ids;
  }

  /** Keys of an administrator of `account`: always the same, and good without having been asked for. */
  admin(account: string): Credentials {
    return { accessKeyId: `${ADMIN_KEY}${account}`, secretAccessKey: `canary-secret-${account}` };
  }

  add(principal: Principal, credentials: Credentials): Credentials {
    this.#known.set(credentials.accessKeyId, { principal, credentials });
    return credentials;
  }

  /** Temporary keys for who has assumed `role`. */
  temporary(principal: Principal, expiration: Date): Required<Credentials> {
    const credentials = {
      accessKeyId: this.#ids.make('ASIA', 'base32', 16),
      secretAccessKey: this.#ids.make('canary-secret-', 'word', 40),
      sessionToken: this.#ids.make('canary-token-', 'word', 80),
      expiration,
    };
    this.add(principal, credentials);
    return credentials;
  }

  /** Who holds these keys; throws what AWS answers to keys that nobody holds, or that ran out. */
  find(accessKeyId: string | undefined, token: string | undefined, now: Date): Principal {
    if (accessKeyId === undefined) {
      throw new AwsError('MissingAuthenticationToken', 'Missing Authentication Token', { status: 403 });
    }
    const admin = accessKeyId.startsWith(ADMIN_KEY) ? accessKeyId.slice(ADMIN_KEY.length) : '';
    if (/^\d{12}$/.test(admin)) {
      return { account: admin, arn: `arn:aws:iam::${admin}:user/admin`, userId: `AIDADOUBLE${admin}` };
    }
    const known = this.#known.get(accessKeyId);
    if (!known || known.credentials.sessionToken !== token) {
      throw new AwsError('InvalidClientTokenId', 'The security token included in the request is invalid.', {
        status: 403,
      });
    }
    const { expiration } = known.credentials;
    if (expiration && expiration <= now) {
      throw new AwsError('ExpiredToken', 'The security token included in the request is expired', {
        status: 403,
      });
    }
    return known.principal;
  }
}
