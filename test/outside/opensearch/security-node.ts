import { execFile } from 'node:child_process';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../lock.ts';
import { lookFor } from '../requires.ts';
import { launchNode, prepareSecureEngine, type SecureEngine } from './engine.js';
import { OWNER, RUN_FOLDER } from './global-setup.ts';
import { newerJava } from './node.ts';

/** A node that asks who it is that asks. */
export interface SecureNode {
  url: string;
  /** Asks as the administrator; throws for any answer but a good one. */
  admin(method: string, path: string, body?: object): Promise<unknown>;
  stop(): Promise<void>;
}

/** The plugin's roles may be given to the names of `x-proxy-roles`; whoever has no such header says a password. */
const CONFIG = `
_meta: { type: config, config_version: 2 }
config:
  dynamic:
    http:
      anonymous_auth_enabled: false
      xff: { enabled: true, internalProxies: '127\\.0\\.0\\.1', remoteIpHeader: x-forwarded-for }
    authc:
      proxy:
        http_enabled: true
        order: 0
        http_authenticator:
          { type: proxy, challenge: false, config: { user_header: x-proxy-user, roles_header: x-proxy-roles } }
        authentication_backend: { type: noop }
      password:
        http_enabled: true
        order: 1
        http_authenticator: { type: basic, challenge: true }
        authentication_backend: { type: intern }
`;

/** Nobody has any role but the administrator: the plugin's own demonstration gives some to everybody. */
const MEMBERS = `
_meta: { type: rolesmapping, config_version: 2 }
all_access: { reserved: false, backend_roles: [admin] }
`;

/** Of the plugin's own demonstration. */
const ADMIN = `Basic ${Buffer.from('admin:admin').toString('base64')}`;

/** It answers some seconds before it knows its users. */
const PATIENCE_MS = 60_000;

/** Finds what a node of this engine is made of; `lookFor` in requires.ts says why it can't. */
export const findSecureNode = (engine: SecureEngine) =>
  lookFor(async () => {
    const run = process.env[RUN_FOLDER] ?? '';
    const { classPath, config } = await withLock(join(run, 'engines.lock'), () =>
      prepareSecureEngine(engine),
    );
    const java = engine.startsWith('2.') ? 'java' : await newerJava();
    const folder = join(run, `security-${engine}`);
    return (): Promise<SecureNode> => startNode({ classPath, config, java, folder });
  });

interface Parts {
  classPath: string;
  config: string;
  java: string;
  folder: string;
}

async function startNode({ config, folder, ...rest }: Parts): Promise<SecureNode> {
  const { url, pid } = await launchNode({
    ...rest,
    folder,
    heap: '384m',
    owner: Number(process.env[OWNER]),
    main: 'SecurityNode',
    async configure(home) {
      await mkdir(home, { recursive: true });
      await cp(config, join(home, 'opensearch-security'), { recursive: true });
      await writeFile(join(home, 'opensearch-security', 'config.yml'), CONFIG);
      await writeFile(join(home, 'opensearch-security', 'roles_mapping.yml'), MEMBERS);
      await makeCertificate(home);
    },
  });
  const admin: SecureNode['admin'] = async (method, path, body) => {
    const response = await fetch(new URL(path, url), {
      method,
      headers: { 'content-type': 'application/json', authorization: ADMIN },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  const stop = async () => {
    process.kill(pid, 'SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      await admin('GET', '/_cluster/health');
      return { url, admin, stop };
    } catch (error) {
      if (Date.now() > deadline) {
        await stop();
        throw error;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The plugin starts with nothing less than TLS between nodes, also where there is one. */
async function makeCertificate(folder: string): Promise<void> {
  const files = ['-keyout', join(folder, 'node-key.pem'), '-out', join(folder, 'node.pem')];
  const made = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=node'];
  await promisify(execFile)('openssl', ['req', ...made, ...files]);
}
