import { RekbackError } from '../runtime/errors.ts';
import { type AwsOptions, DEFAULTS } from '../stack/aws-spec.ts';
import type { AwsRecord } from '../stack/record.ts';
import type { ImageChoice } from './image/choose.ts';
import { parseNotify } from './notify.ts';
import { parseTags } from './tags.ts';

/** What a person may say about a stack on AWS; what is left out stays as it is, or gets its default. */
export interface SetupChoice extends ImageChoice {
  prefix?: string | undefined;
  live?: AwsOptions['live'] | undefined;
  inventoryFormat?: AwsOptions['inventoryFormat'] | undefined;
  backfill?: AwsOptions['backfill'] | undefined;
  bucketChanges?: AwsOptions['bucketChanges'] | undefined;
  compute?: AwsOptions['compute'] | undefined;
  maxVcpus?: number | undefined;
  subnets?: readonly string[] | undefined;
  securityGroups?: readonly string[] | undefined;
  indexEndpoint?: string | undefined;
  enableEventBridge?: boolean | undefined;
  skipDestinationValidation?: boolean | undefined;
  kmsKey?: string | undefined;
  permissionsBoundary?: string | undefined;
  iamPath?: string | undefined;
  /** Who is notified from now on, instead of those who are recorded; `none` for nobody. */
  notify?: readonly string[] | undefined;
  /** `K=V`, added to those that are recorded. */
  tags?: readonly string[] | undefined;
}

/** What has to be asked for, mostly of AWS, only where nothing is recorded or something else is named. */
export interface Findings {
  network(): Promise<AwsOptions['network']>;
  engineVersion(): Promise<string>;
  image(): Promise<Pick<AwsOptions, 'imageUri' | 'image'>>;
}

/**
 * The options of the stack from now on: what is named, else what is recorded, else the default.
 *
 * @throws RekbackError `index-endpoint`, `iam-path`, `fixed-setting`, `bad-notify`, `bad-tag` (exit 2); what the findings throw
 */
export async function chooseOptions(
  bucket: string,
  choice: SetupChoice,
  recorded: AwsRecord['aws'] | undefined,
  findings: Findings,
): Promise<AwsOptions> {
  const namesNetwork = choice.subnets !== undefined || choice.securityGroups !== undefined;
  const indexEndpoint = choice.indexEndpoint ?? recorded?.indexEndpoint;
  const kmsKey = choice.kmsKey ?? recorded?.kmsKey;
  const permissionsBoundary = choice.permissionsBoundary ?? recorded?.permissionsBoundary;
  const notify = choice.notify === undefined ? recorded?.notify : parseNotify(choice.notify);
  const agreed = (to: 'enableEventBridge' | 'skipDestinationValidation') =>
    choice[to] ?? recorded?.[to] ?? false;
  const [image, network, engineVersion] = await Promise.all([
    findings.image(),
    recorded === undefined || namesNetwork ? findings.network() : recorded.network,
    recorded?.domain.engineVersion ?? (indexEndpoint === undefined ? findings.engineVersion() : ''),
  ]);
  return {
    bucket,
    live: choice.live ?? recorded?.live ?? 's3',
    inventoryFormat: choice.inventoryFormat ?? recorded?.inventoryFormat ?? 'CSV',
    backfill: choice.backfill ?? recorded?.backfill ?? 'manual',
    bucketChanges: choice.bucketChanges ?? recorded?.bucketChanges ?? 'apply',
    compute: choice.compute ?? recorded?.compute ?? DEFAULTS.compute,
    maxVcpus: choice.maxVcpus ?? recorded?.maxVcpus ?? DEFAULTS.maxVcpus,
    network,
    ...image,
    domain: { ...(recorded?.domain ?? DEFAULTS.domain), engineVersion },
    iamPath: iamPathOf(choice, recorded),
    tags: { ...recorded?.tags, ...parseTags(choice.tags ?? []) },
    ...(recorded?.livePaused && { livePaused: true }),
    ...(indexEndpoint !== undefined && { indexEndpoint: checkEndpoint(indexEndpoint) }),
    ...(agreed('enableEventBridge') && { enableEventBridge: true }),
    ...(agreed('skipDestinationValidation') && { skipDestinationValidation: true }),
    ...(kmsKey !== undefined && { kmsKey }),
    ...(permissionsBoundary !== undefined && { permissionsBoundary }),
    ...(notify !== undefined && notify.length > 0 && { notify }),
  };
}

function checkEndpoint(endpoint: string): string {
  const { protocol } = URL.canParse(endpoint) ? new URL(endpoint) : { protocol: '' };
  if (protocol === 'https:' || protocol === 'http:') return endpoint.replace(/\/+$/, '');
  throw new RekbackError('index-endpoint', `'${endpoint}' is no address of an OpenSearch`, {
    exitCode: 2,
    suggestions: ['name it like this: --index-endpoint https://search-….es.amazonaws.com'],
  });
}

/** IAM can't move a role to another path. */
function iamPathOf({ iamPath }: SetupChoice, recorded: AwsRecord['aws'] | undefined): string {
  const path = checkIamPath(iamPath ?? recorded?.iamPath ?? '/');
  if (recorded === undefined || recorded.iamPath === path) return path;
  throw new RekbackError('fixed-setting', `the stack's roles are below the IAM path '${recorded.iamPath}'`, {
    exitCode: 2,
    suggestions: [
      `leave --iam-path out, or name that path: --iam-path ${recorded.iamPath}`,
      'or make the stack again; its index can be kept: rekback teardown --keep-index',
    ],
  });
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-friendly-names */
function checkIamPath(path: string): string {
  if (path === '/' || /^\/(?:[\w+=,.@-]+\/)+$/.test(path)) return path;
  throw new RekbackError('iam-path', `'${path}' is no path of IAM`, {
    exitCode: 2,
    suggestions: ['begin and end it with a slash: --iam-path /teams/photos/'],
  });
}
