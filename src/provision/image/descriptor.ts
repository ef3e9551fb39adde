import { createHash } from 'node:crypto';

/** Names some bytes of a registry: https://github.com/opencontainers/image-spec/blob/main/descriptor.md */
export interface Descriptor {
  mediaType: string;
  /** `sha256:…` */
  digest: string;
  /** Bytes. */
  size: number;
  platform?: Platform;
}

export interface Platform {
  os: string;
  /** As Go names it: `arm64`, `amd64`. */
  architecture: string;
  /** `v8` of arm64. */
  variant?: string;
}

/** A manifest or an index, with the bytes that its digest is of. */
export interface Document {
  mediaType: string;
  digest: string;
  bytes: Uint8Array;
}

export const digestOf = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** JSON as a registry keeps it. Equal values make equal bytes, as long as their members stand in the same order. */
export function documentOf(mediaType: string, content: object): Document {
  const bytes = Buffer.from(JSON.stringify(content));
  return { mediaType, digest: digestOf(bytes), bytes };
}

export const descriptorOf = ({ mediaType, digest, bytes }: Document): Descriptor => ({
  mediaType,
  digest,
  size: bytes.length,
});
