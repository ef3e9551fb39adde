import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { RekbackError } from '../../runtime/errors.ts';
import { PLATFORMS } from './base.ts';

/** The package: the Dockerfile's context. */
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export interface DockerBuild {
  /** `REGISTRY/NAME:TAG` */
  uri: string;
  base: string;
  version: string;
  /** Of the registry, for the user `AWS`. */
  password: string;
  signal?: AbortSignal | undefined;
}

/** Lines of Docker's output that say why it failed. */
const LAST_LINES = 5;

/**
 * Builds the image with the Docker of this machine and pushes it. The login is left in Docker's own store, as AWS's
 * documentation has it; it ends after 12 hours.
 *
 * @throws RekbackError `docker-missing`, `image-push-failed`; the signal's reason
 */
export async function buildWithDocker({ uri, base, version, password, signal }: DockerBuild): Promise<void> {
  const [registry = ''] = uri.split('/', 1);
  await docker(['login', '--username', 'AWS', '--password-stdin', registry], { input: password, signal });
  await docker(
    [
      'buildx',
      'build',
      '--platform',
      PLATFORMS.map(({ os, architecture }) => `${os}/${architecture}`).join(),
      '--file',
      'container/Dockerfile',
      '--build-arg',
      `BASE_IMAGE=${base}`,
      '--build-arg',
      `VERSION=${version}`,
      // An index of the platforms and nothing else.
      '--provenance=false',
      '--sbom=false',
      '--tag',
      uri,
      '--push',
      '.',
    ],
    { signal },
  );
}

async function docker(
  args: readonly string[],
  { input, signal }: { input?: string; signal?: AbortSignal | undefined },
): Promise<void> {
  const child = spawn('docker', args, {
    cwd: ROOT,
    stdio: ['pipe', 'ignore', 'pipe'],
    ...(signal && { signal }),
  });
  // One that ends without reading is told of by its exit code.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  try {
    const [[code], said] = await Promise.all([once(child, 'close'), text(child.stderr)]);
    if (code !== 0) throw failed(args[0] ?? '', code, said);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw missing(error);
    throw error;
  }
}

const failed = (what: string, code: unknown, said: string) => {
  const lines = said.trim().split('\n').slice(-LAST_LINES).join('; ');
  return new RekbackError('image-push-failed', `docker ${what} ended with ${code}: ${lines}`, {
    suggestions: WITHOUT,
  });
};

const missing = (cause: unknown) =>
  new RekbackError('docker-missing', "there is no program 'docker' here", { cause, suggestions: WITHOUT });

const WITHOUT = ['let rekback push the image itself, without Docker: --image push'];
