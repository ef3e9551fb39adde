import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../../../src/provision/image/descriptor.ts';

const OCI = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};
const DOCKER: typeof OCI = {
  index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
};

export interface BaseOptions {
  types?: 'oci' | 'docker';
  architectures?: readonly string[];
  /** Makes another image of it. */
  content?: string;
  /** The layer that all architectures share. */
  shared?: Buffer;
}

/** Answers before the registry does; true where it did. */
export type Before = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A public registry, as others are: a token for whoever asks, blobs at another address. */
export interface BaseRegistry {
  /** `127.0.0.1:PORT` */
  host: string;
  /** How it is reached: `http://127.0.0.1:PORT`. */
  origin: string;
  /** Method and path of every request. */
  requests: string[];
  /** Authorizations that the other address, where blobs are, has been sent. */
  leaked: string[];
  before: Before | undefined;
  /** Tokens given from now on are good for that many requests. */
  tokenUses: number;
  /** Puts an image under this name and tag. @returns its digest */
  put(name: string, tag: string, options?: BaseOptions): string;
  blobs: Map<string, Buffer>;
  stop(): Promise<void>;
}

export async function startBaseRegistry(): Promise<BaseRegistry> {
  const manifests = new Map<string, { type: string; bytes: Buffer }>();
  const blobs = new Map<string, Buffer>();
  const tokens = new Map<string, number>();

  const elsewhere = createServer((request, response) => {
    if (request.headers.authorization !== undefined) registry.leaked.push(request.headers.authorization);
    response.end(blobs.get(new URL(request.url ?? '', 'http://x').pathname.slice(1)));
  });
  const server = createServer((request, response) => {
    registry.requests.push(`${request.method} ${request.url}`);
    if (registry.before?.(request, response)) return;
    const { pathname, searchParams } = new URL(request.url ?? '', `http://${registry.host}`);
    if (pathname === '/token') {
      const token = `t${tokens.size}-${searchParams.get('scope')}`;
      tokens.set(token, registry.tokenUses);
      response.end(JSON.stringify({ token }));
      return;
    }
    const [, name = '', kind, reference = ''] =
      /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(pathname) ?? [];
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const uses = token?.endsWith(`repository:${name}:pull`) ? (tokens.get(token) ?? 0) : 0;
    if (token !== undefined) tokens.set(token, uses - 1);
    if (uses <= 0) {
      // An expired token as ECR Public answers it, without a challenge.
      if (token !== undefined) return refuse(response, 400, 'BAD_REQUEST');
      response.setHeader(
        'www-authenticate',
        `Bearer realm="${registry.origin}/token",service="${registry.host}",scope="repository:${name}:pull"`,
      );
      return refuse(response, 401, 'UNAUTHORIZED');
    }
    const manifest = manifests.get(`${name}:${reference}`);
    if (kind === 'manifests' && manifest !== undefined) {
      response.setHeader('content-type', manifest.type);
      response.end(manifest.bytes);
      return;
    }
    if (kind === 'blobs' && blobs.has(reference)) {
      const { port } = elsewhere.address() as AddressInfo;
      response.writeHead(307, { location: `http://127.0.0.1:${port}/${reference}?signature=secret` }).end();
      return;
    }
    refuse(response, 404, 'MANIFEST_UNKNOWN');
  });

  const registry: BaseRegistry = {
    host: '',
    origin: '',
    requests: [],
    leaked: [],
    before: undefined,
    tokenUses: Number.POSITIVE_INFINITY,
    blobs,
    put(name, tag, { types = 'oci', architectures = ['amd64', 'arm64'], content = 'base', shared } = {}) {
      const type = types === 'oci' ? OCI : DOCKER;
      const blob = (mediaType: string, bytes: Buffer) => {
        const digest = digestOf(bytes);
        blobs.set(digest, bytes);
        return { mediaType, digest, size: bytes.length };
      };
      const document = (mediaType: string, value: object) => {
        const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...value }));
        const digest = digestOf(bytes);
        manifests.set(`${name}:${digest}`, { type: mediaType, bytes });
        return { mediaType, digest, size: bytes.length };
      };
      const both = shared ?? gzipSync(`${content} of both`);
      const made = architectures.map((architecture) => {
        const own = gzipSync(`${content} of ${architecture}`);
        const config = blob(
          type.config,
          Buffer.from(
            JSON.stringify({
              architecture,
              os: 'linux',
              created: '2026-01-02T03:04:05Z',
              config: {
                Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'NODE_ENV=theirs'],
                Cmd: ['node'],
                Entrypoint: ['docker-entrypoint.sh'],
                Labels: { kept: 'yes' },
              },
              rootfs: { type: 'layers', diff_ids: [digestOf(both), digestOf(own)] },
              history: [{ created_by: 'theirs' }, { created_by: 'theirs too' }],
            }),
          ),
        );
        const manifest = document(type.manifest, {
          config,
          layers: [blob(type.layer, both), blob(type.layer, own)],
        });
        const variant = architecture === 'arm64' ? { variant: 'v8' } : {};
        return { ...manifest, platform: { architecture, os: 'linux', ...variant } };
      });
      // What buildx puts beside the images: who built them.
      const attestation = { ...document(type.manifest, { layers: [] }) };
      const index = document(type.index, {
        manifests: [...made, { ...attestation, platform: { architecture: 'unknown', os: 'unknown' } }],
      });
      const bytes = manifests.get(`${name}:${index.digest}`);
      if (bytes !== undefined) manifests.set(`${name}:${tag}`, bytes);
      return index.digest;
    },
    async stop() {
      for (const each of [server, elsewhere]) {
        each.closeAllConnections();
        each.close();
        await once(each, 'close');
      }
    },
  };
  for (const each of [server, elsewhere]) {
    each.listen(0, '127.0.0.1');
    await once(each, 'listening');
  }
  registry.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  registry.origin = `http://${registry.host}`;
  return registry;
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ errors: [{ code, message: 'No.' }] }));
}
