import { PRELOAD } from '../../aws/kernel/world.ts';
import { preparePython } from '../python/venv.ts';
import { corrections, type Elsewhere } from './corrections.ts';
import { startProxy } from './proxy.ts';
import { startMoto } from './server.ts';

const REGION = 'eu-west-1';

/** Moto with its known faults corrected: an AWS control plane that this project did not write. */
export interface CorrectedMoto {
  /** The value for AWS_ENDPOINT_URL. */
  url: string;
  /** Moto without corrections: to show that one is still needed. */
  bareUrl: string;
  /** The environment of a process whose every AWS call comes here. */
  env(region?: string): Record<string, string>;
  /** What an SDK client is built with: `new SQSClient(moto.client())`. */
  client(region?: string): ReturnType<typeof clientOf>;
  /** The same for moto without corrections. */
  bareClient(region?: string): ReturnType<typeof clientOf>;
  /** Forgets every account. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

const credentials = { accessKeyId: 'AKIAMOTO', secretAccessKey: 'canary-secret-moto' };

function clientOf(endpoint: string, region: string) {
  return { endpoint, region, credentials, maxAttempts: 1, forcePathStyle: true };
}

interface Options extends Elsewhere {
  /** False where no managed policy of AWS is needed: resets are quicker. */
  managedPolicies?: boolean;
}

/** Starts moto and the proxy that corrects it. Throws "skipped: no Python": for `lookFor` in requires.ts. */
export async function startCorrectedMoto(options: Options = {}): Promise<CorrectedMoto> {
  const moto = await startMoto(await preparePython(), options.managedPolicies ?? true);
  const proxy = await startProxy(moto.port, () => corrections(options));
  const bareUrl = `http://127.0.0.1:${moto.port}`;
  // The SDK would tell every test of what Node version it wants from 2027 on.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  return {
    url: proxy.url,
    bareUrl,
    env: (region = REGION) => ({
      AWS_ENDPOINT_URL: proxy.url,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      NODE_OPTIONS: PRELOAD,
    }),
    client: (region = REGION) => clientOf(proxy.url, region),
    bareClient: (region = REGION) => clientOf(bareUrl, region),
    reset: async () => {
      await moto.reset();
      proxy.reset();
    },
    stop: async () => {
      await proxy.stop();
      await moto.stop();
    },
  };
}
