import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { httpsAgent } from '../../aws/http.ts';
import { retryWhile, type Waiting } from '../../aws/wait.ts';
import { bearerToken } from './bearer.ts';
import { type Descriptor, type Document, digestOf } from './descriptor.ts';
import { type HttpRequest, send } from './request.ts';

export interface RepositoryOptions {
  /** `https://HOST`, or `http://` for a registry on this machine. */
  address: string;
  name: string;
  /** The whole header; without one, tokens for everybody are asked for where the registry wants some. */
  authorization?: string;
  waiting: Waiting;
}

/** One repository of a registry that speaks https://github.com/opencontainers/distribution-spec/blob/main/spec.md. */
export interface RemoteRepository {
  /**
   * Manifest or index.
   * @param reference - a tag or digest; what has another digest than this is refused
   */
  readManifest(reference: string): Promise<Document>;
  writeManifest(reference: string, document: Document): Promise<void>;
  hasBlob(digest: string): Promise<boolean>;
  /** The blob as it comes. */
  openBlob(descriptor: Descriptor): Promise<Readable>;
  /** @param open - asked again for every attempt, because an upload begins anew */
  writeBlob(descriptor: Descriptor, open: () => Promise<Readable | Uint8Array>): Promise<void>;
}

/** What a registry, or the way to it, answered that is not what was asked for. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly status: number;
  /** The registry's own, e.g. `DENIED`; empty where it names none. */
  readonly code: string;

  constructor(message: string, status: number, code: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Indexes and manifests, Docker's older ones too. */
const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** For what passes: registries throttle, and long transfers break. */
const PATIENCE = { every: 2000, within: 30_000 };

const PASSING_CODES = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'ERR_STREAM_PREMATURE_CLOSE'];

const passes = (error: unknown): boolean =>
  error instanceof RegistryError
    ? error.status === 429 || error.status >= 500
    : error instanceof Error && 'code' in error && PASSING_CODES.includes(String(error.code));

/** @throws from every method: RegistryError, and Node's errors for a registry that can't be reached */
export function openRepository({
  address,
  name,
  authorization: given,
  waiting,
}: RepositoryOptions): RemoteRepository {
  const base = new URL(`/v2/${name}/`, address);
  const { signal } = waiting;
  let agent: ReturnType<typeof httpsAgent> | undefined;
  let authorization = given;

  const sendTo = async (url: URL, { headers, ...request }: HttpRequest): Promise<IncomingMessage> => {
    agent ??= httpsAgent();
    // An upload may be sent to a host of its own.
    const known = url.host === base.host ? authorization : undefined;
    const sent = { ...headers, ...(known !== undefined && { authorization: known }) };
    return send(url, { ...request, signal, headers: sent }, await agent);
  };

  /** Logs in, as nobody, where a token is asked for. */
  const ask = async (url: URL, request: HttpRequest): Promise<IncomingMessage> => {
    let answer = await sendTo(url, request);
    if (given !== undefined || request.body instanceof Readable) return answer;
    // ECR Public answers 400 to a token that has expired, and names no way to another (containers-roadmap issue 2835).
    if (authorization !== undefined && (answer.statusCode === 400 || answer.statusCode === 401)) {
      answer.resume();
      authorization = undefined;
      answer = await sendTo(url, request);
    }
    const challenge = answer.headers['www-authenticate'];
    if (answer.statusCode !== 401 || challenge === undefined) return answer;
    const token = await bearerToken(challenge, async (realm) => {
      const said = await send(realm, { method: 'GET', signal }, await agent);
      return said.statusCode === 200 ? buffer(said) : Promise.reject(await refusal(said, 'a token', realm));
    });
    if (token === undefined) return answer;
    answer.resume();
    authorization = `Bearer ${token}`;
    return sendTo(url, request);
  };

  /** @param what - what was asked for, for the error */
  const expect = async (
    statuses: readonly number[],
    what: string,
    url: URL,
    request: HttpRequest,
  ): Promise<IncomingMessage> => {
    const answer = await ask(url, request);
    if (statuses.includes(answer.statusCode ?? 0)) return answer;
    const refused = await refusal(answer, what, url);
    if (request.body instanceof Readable) request.body.destroy();
    throw refused;
  };

  const again = <Result>(attempt: () => Promise<Result>) => retryWhile(passes, attempt, PATIENCE, waiting);

  return {
    readManifest: (reference) =>
      again(async () => {
        const url = new URL(`manifests/${reference}`, base);
        const headers = { accept: MANIFEST_TYPES };
        const answer = await expect([200], `the manifest ${reference}`, url, { method: 'GET', headers });
        const bytes = await buffer(answer);
        const digest = digestOf(bytes);
        if (reference.startsWith('sha256:') && reference !== digest) {
          throw new Error(`${base.host} gave the manifest ${digest} instead of ${reference}`);
        }
        return { bytes, digest, mediaType: mediaTypeOf(answer) };
      }),

    writeManifest: (reference, { mediaType, bytes }) =>
      again(async () => {
        const url = new URL(`manifests/${reference}`, base);
        const headers = lengthOf(bytes.length, mediaType);
        drain(
          await expect([200, 201], `the manifest ${reference}`, url, { method: 'PUT', headers, body: bytes }),
        );
      }),

    hasBlob: (digest) =>
      again(async () => {
        const url = new URL(`blobs/${digest}`, base);
        // What is elsewhere is there; an address that is signed for GET would refuse to be asked by HEAD.
        const answer = await expect([200, 302, 307, 404], `the blob ${digest}`, url, { method: 'HEAD' });
        drain(answer);
        return answer.statusCode !== 404;
      }),

    openBlob: (descriptor) =>
      again(async () => {
        const { digest, size } = descriptor;
        const url = new URL(`blobs/${digest}`, base);
        const answer = await expect([200], `the blob ${digest}`, url, { method: 'GET' });
        const length = answer.headers['content-length'];
        if (length === undefined || Number(length) === size) return answer;
        answer.destroy();
        throw new Error(`${base.host} gave ${length} bytes for the blob ${digest}, which has ${size}`);
      }),

    writeBlob: ({ digest, size }, open) =>
      again(async () => {
        const what = `the blob ${digest}`;
        const begun = await expect([202], what, new URL('blobs/uploads/', base), {
          method: 'POST',
          headers: { 'content-length': 0 },
        });
        drain(begun);
        // Absolute or not, and with a query of the registry's own.
        const end = new URL(begun.headers.location ?? '', new URL('blobs/uploads/', base));
        end.searchParams.set('digest', digest);
        // In one piece: ECR's answers to chunks are not as specified (containers-roadmap issue 2831).
        const headers = lengthOf(size, 'application/octet-stream');
        drain(await expect([201, 204], what, end, { method: 'PUT', headers, body: await open() }));
      }),
  };
}

const lengthOf = (length: number, type: string): OutgoingHttpHeaders => ({
  'content-length': length,
  'content-type': type,
});

const mediaTypeOf = ({ headers }: IncomingMessage): string =>
  (headers['content-type'] ?? '').replace(/;.*/, '').trim();

/** Reads the answer to its end, so that the connection is free for the next request. */
const drain = (answer: IncomingMessage): void => {
  answer.resume();
};

/** Never with the address's query: that of a redirect is a signature. */
async function refusal(answer: IncomingMessage, what: string, { host }: URL): Promise<RegistryError> {
  const status = answer.statusCode ?? 0;
  const text = await buffer(answer).then(String, () => '');
  const { code, message } = firstError(text);
  const said = [code, message].filter((part) => part !== '').join(': ');
  return new RegistryError(
    `${host} answered ${status}${said && ` (${said.replace(/\.$/, '')})`} for ${what}`,
    status,
    code,
  );
}

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes */
function firstError(text: string): { code: string; message: string } {
  try {
    const [{ code = '', message = '' } = {}] = JSON.parse(text)?.errors ?? [];
    return { code: String(code), message: String(message) };
  } catch {
    return { code: '', message: '' };
  }
}
