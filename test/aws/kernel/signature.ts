import type { Request } from './protocols/wire.ts';

/** What a request's signature says. The signature itself is not verified. */
export interface Signed {
  accessKeyId: string | undefined;
  region: string;
  service: string;
  token: string | undefined;
  /** When a presigned address runs out, in milliseconds since the epoch. */
  expires: number | undefined;
}

/** `Credential=KEY/DATE/REGION/SERVICE/aws4_request`, in the header or, presigned, in the query. */
export function readSignature(request: Request): Signed {
  const header = request.headers.authorization ?? '';
  const credential = /Credential=([^,\s]+)/.exec(header)?.[1] ?? request.query.get('X-Amz-Credential') ?? '';
  const [accessKeyId, , region = '', service = ''] = credential.split('/');
  return {
    accessKeyId: accessKeyId || undefined,
    region,
    service,
    token: request.headers['x-amz-security-token'] ?? request.query.get('X-Amz-Security-Token') ?? undefined,
    expires: expiryOf(request.query),
  };
}

/** `X-Amz-Date` (`20260101T000000Z`) and `X-Amz-Expires` (seconds) of a presigned address. */
function expiryOf(query: URLSearchParams): number | undefined {
  const seconds = query.get('X-Amz-Expires');
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get('X-Amz-Date') ?? '');
  if (seconds === null || !parts) return undefined;
  const [year = 0, month = 1, ...rest] = parts.slice(1).map(Number);
  return Date.UTC(year, month - 1, ...rest) + Number(seconds) * 1000;
}
