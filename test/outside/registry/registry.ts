import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Whom the registry knows. */
export const USER = 'rekback';
export const PASSWORD = 'pushes';
/** The password as `htpasswd -B` writes it. */
const HTPASSWD = `${USER}:$2y$05$d/CZy649j/HFcrUkKb7Fi.8VCTvkBtwHwOjLy0sardoQYZIcqj2tu\n`;

export interface OutsideRegistry {
  /** `127.0.0.1:PORT` */
  host: string;
  /** Method and path of every request that changes something, as the registry's own log has it; forgets them. */
  takeWrites(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Starts Debian's `docker-registry`, the registry of the CNCF, in a folder; it lets in who knows the password. */
export async function startRegistry(folder: string): Promise<OutsideRegistry> {
  await writeFile(join(folder, 'htpasswd'), HTPASSWD);
  const config = {
    version: '0.1',
    log: { level: 'info', formatter: 'json' },
    storage: { filesystem: { rootdirectory: join(folder, 'storage') } },
    http: { addr: '127.0.0.1:0' },
    auth: { htpasswd: { realm: 'test', path: join(folder, 'htpasswd') } },
  };
  // JSON is YAML too.
  await writeFile(join(folder, 'config.yml'), JSON.stringify(config));
  const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = once(child, 'close');
  const writes: string[] = [];
  const host = await new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => reject(new Error(`docker-registry ended with ${code}`)));
    createInterface(child.stderr).on('line', (line) => {
      const [, address] = /"listening on (127\.0\.0\.1:\d+)"/.exec(line) ?? [];
      if (address !== undefined) resolve(address);
      const [, method] = /"http\.request\.method":"(POST|PUT|PATCH)"/.exec(line) ?? [];
      const [, path = ''] = /"http\.request\.uri":"([^"?]*)/.exec(line) ?? [];
      if (method !== undefined && line.includes('"response completed')) writes.push(`${method} ${path}`);
    });
  });
  return {
    host,
    async takeWrites() {
      // It writes its log after its answer.
      await new Promise((resolve) => setTimeout(resolve, 200));
      return writes.splice(0);
    },
    async stop() {
      child.kill();
      await closed;
    },
  };
}
