import type { IncomingHttpHeaders } from 'node:http';

/** A request on its way to moto, read whole. */
export interface Request {
  method: string;
  /** With the query string, as sent. */
  url: URL;
  headers: IncomingHttpHeaders;
  body: string;
  /** The raw body: an object's bytes are no text. */
  bytes: Buffer;
  /** The service that the signature names: `s3`, `monitoring`. */
  service: string;
  region: string;
}

/** What moto answered, or what a correction answers in its place. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** What the corrections behind this one, and moto last, answer. */
export type Next = (request: Request) => Promise<Answer>;

/** Corrects one thing that moto does otherwise than AWS; lets all other requests pass. */
export type Correction = (request: Request, next: Next) => Promise<Answer>;

/** The credential scope of the Authorization header: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`. */
export function readScope(headers: IncomingHttpHeaders): { service: string; region: string } {
  const [, region = '', service = ''] =
    /Credential=[^/]+\/\d+\/([^/]+)\/([^/]+)\/aws4_request/.exec(headers.authorization ?? '') ?? [];
  return { service, region };
}

/** A REST request of a service: `isRest(request, 'lambda', 'POST', /functions$/)`. */
export function isRest(request: Request, service: string, method: string, path: RegExp): boolean {
  return request.service === service && request.method === method && path.test(request.url.pathname);
}

/** A JSON request that names its operation in a header: `isTarget(request, 'ServiceQuotas.GetServiceQuota')`. */
export function isTarget(request: Request, suffix: string): boolean {
  return String(request.headers['x-amz-target'] ?? '').endsWith(suffix);
}

export function jsonAnswer(body: unknown, status = 200): Answer {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** An error of a JSON service, in the forms that JSON 1.1 and REST-JSON clients look for. */
export function jsonError(code: string, message: string, status = 400): Answer {
  const answer = jsonAnswer({ __type: code, message }, status);
  answer.headers['x-amzn-errortype'] = code;
  return answer;
}

export function xmlAnswer(body: string, status = 200): Answer {
  const text = body && `<?xml version="1.0" encoding="UTF-8"?>\n${body}`;
  return { status, headers: { 'content-type': 'application/xml' }, body: Buffer.from(text) };
}

/** An error of S3. */
export function xmlError(code: string, message: string, status: number): Answer {
  return xmlAnswer(`<Error><Code>${code}</Code><Message>${message}</Message></Error>`, status);
}

/** The answer with another text. */
export function withText(answer: Answer, text: string): Answer {
  return { ...answer, body: Buffer.from(text) };
}

/** The answer with its JSON changed in place; an error's answer stays. */
export function withJson<T>(answer: Answer, change: (body: T) => void): Answer {
  if (answer.status >= 300) return answer;
  const body = JSON.parse(answer.body.toString('utf8')) as T;
  change(body);
  return withText(answer, JSON.stringify(body));
}

/** The request with another body. */
export function withBody(request: Request, text: string): Request {
  return { ...request, body: text, bytes: Buffer.from(text) };
}

/** A question that a correction asks moto itself, in the name of the caller whose request it has. */
export interface Question {
  service: string;
  method: string;
  path: string;
  /** An object goes as JSON, text as it is. */
  body?: string | Readonly<Record<string, unknown>>;
  headers?: IncomingHttpHeaders;
}

/** Makes the request of a question. Moto goes by the service that the signature names, and verifies no signature. */
export function ask(request: Request, question: Question): Request {
  const { service, method, path, body = '', headers = {} } = question;
  const authorization = String(request.headers.authorization ?? '').replace(
    /(Credential=[^/]+\/\d+\/[^/]+)\/[^/]+\/aws4_request/,
    `$1/${service}/aws4_request`,
  );
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? {} : { 'content-type': 'application/json' };
  return withBody(
    {
      ...request,
      service,
      method,
      url: new URL(path, request.url),
      headers: { host: request.headers.host, authorization, ...type, ...headers },
    },
    text,
  );
}

/** The JSON of a request or an answer; an empty one is `{}`. */
export function bodyOf<T>(message: Request | Answer): T {
  const text = message.body.toString();
  return (text === '' ? {} : JSON.parse(text)) as T;
}
