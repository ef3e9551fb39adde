import {
  deletesOnlyDisabled,
  keepsDefinitions,
  linksServiceRole,
  listsJobsByStatus,
  speaksOfClientErrors,
  updatesEnvironments,
} from './batch.ts';
import { routesDefaultVpc } from './ec2.ts';
import { givesFreshTokens, pointsToRegistry } from './ecr.ts';
import type { Correction } from './exchange.ts';
import { encodesTrustPolicies, namesLinkedRoles } from './iam.ts';
import { answersAccountSettings, keepsLoggingConfig, refusesSecondMapping } from './lambda.ts';
import { listsVersions, mergesDomainConfig, pointsToNode, refusesSecondDomain } from './opensearch.ts';
import { knowsQuotas } from './quotas.ts';
import {
  checksBucketOwner,
  encryptsByDefault,
  keepsInventories,
  showsEventBridge,
  tagsNewBuckets,
  weighsConditions,
} from './s3.ts';
import { listsAllTagged } from './tagging.ts';

/** What on this machine stands for what AWS runs. */
export interface Elsewhere {
  /** A registry instead of ECR's: `http://127.0.0.1:PORT`. */
  registry?: string;
  /** An OpenSearch node, or a stand-in, instead of every domain. */
  node?: string;
}

/** Everything that stands between a client and moto; the first sees a request first. */
export function corrections({ registry, node }: Elsewhere = {}): Correction[] {
  return [
    // Looks at all services, as they are corrected.
    listsAllTagged(),
    checksBucketOwner(),
    tagsNewBuckets(),
    encryptsByDefault(),
    showsEventBridge(),
    weighsConditions(),
    keepsInventories(),
    keepsLoggingConfig(),
    refusesSecondMapping(),
    answersAccountSettings(),
    deletesOnlyDisabled(),
    linksServiceRole(),
    updatesEnvironments(),
    keepsDefinitions(),
    listsJobsByStatus(),
    speaksOfClientErrors(),
    refusesSecondDomain(),
    mergesDomainConfig(),
    listsVersions(),
    knowsQuotas(),
    givesFreshTokens(),
    ...(registry === undefined ? [] : [pointsToRegistry(registry)]),
    ...(node === undefined ? [] : [pointsToNode(node)]),
    routesDefaultVpc(),
    encodesTrustPolicies(),
    // What the others ask IAM and Batch for has AWS' names, too.
    namesLinkedRoles(),
  ];
}
