import { expect, test } from 'vitest';
import { parseReference } from '../../../src/provision/image/reference.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;

test.each([
  ['node', { registry: 'registry-1.docker.io', name: 'library/node', tag: 'latest' }],
  ['node:24-slim', { registry: 'registry-1.docker.io', name: 'library/node', tag: '24-slim' }],
  ['docker.io/node', { registry: 'registry-1.docker.io', name: 'library/node', tag: 'latest' }],
  ['me/node:24', { registry: 'registry-1.docker.io', name: 'me/node', tag: '24' }],
  ['localhost/node', { registry: 'localhost', name: 'node', tag: 'latest' }],
  ['localhost:5000/a/b:1', { registry: 'localhost:5000', name: 'a/b', tag: '1' }],
  [
    'public.ecr.aws/docker/library/node:24-slim',
    { registry: 'public.ecr.aws', name: 'docker/library/node', tag: '24-slim' },
  ],
  [`gcr.io/node@${DIGEST}`, { registry: 'gcr.io', name: 'node', digest: DIGEST }],
  [`gcr.io/node:24@${DIGEST}`, { registry: 'gcr.io', name: 'node', tag: '24', digest: DIGEST }],
])('%s', (text, expected) => {
  expect(parseReference(text)).toEqual(expected);
});

test.each(['', 'Node', 'node:', 'node@sha256:0', 'a b', 'https://x.example/node', '/node', 'x.example/'])(
  "'%s' is no image",
  (text) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({ code: 'bad-base-image', exitCode: 2 }),
    );
  },
);
