import { roleByArn, unknownPrincipals } from '../iam/reach.ts';
import { PolicyError, parsePolicy, type Statement } from '../kernel/policy.ts';
import { mayWriteLogs } from '../logs/reach.ts';
import type { GivenOptions } from './shapes.ts';
import { LOG_TYPES } from './shapes.ts';
import { arnOf, conflict, type Domain, type DomainOptions, invalid, type OpenSearchCall } from './state.ts';

type Security = NonNullable<GivenOptions['AdvancedSecurityOptions']>;

/** Fine-grained access control needs every kind of encryption; once on, nothing of it can be turned off. */
export function checkSecurity(options: DomainOptions, before?: DomainOptions): void {
  const parts = [
    ['EncryptionAtRestOptions', 'encryption at rest'],
    ['NodeToNodeEncryptionOptions', 'node-to-node encryption'],
    ['AdvancedSecurityOptions', 'advanced security options'],
  ] as const;
  for (const [part, what] of parts) {
    if (before?.[part]?.Enabled && !options[part]?.Enabled) {
      throw invalid(`You cannot disable ${what} on an existing domain.`);
    }
  }
  if (!options.AdvancedSecurityOptions?.Enabled) {
    if (options.LogPublishingOptions?.AUDIT_LOGS?.Enabled) {
      throw invalid(
        'audit log publishing cannot be enabled as you do not have advanced security options configured.',
      );
    }
    return;
  }
  if (!options.DomainEndpointOptions?.EnforceHTTPS) {
    throw invalid('You must enforce HTTPS to use advanced security options.');
  }
  if (!options.NodeToNodeEncryptionOptions?.Enabled) {
    throw invalid('You must enable node-to-node encryption to use advanced security options.');
  }
  if (!options.EncryptionAtRestOptions?.Enabled) {
    throw invalid('You must enable encryption at rest to use advanced security options.');
  }
}

/** The master user of a request: a role or user of IAM, or a name with a password. */
export function masterOf(call: OpenSearchCall, given: Security, before: Domain['master']): Domain['master'] {
  const { MasterUserOptions: master, InternalUserDatabaseEnabled: internal = false } = given;
  if (!given.Enabled) {
    if (master) throw invalid('A master user needs advanced security options to be enabled.');
    return undefined;
  }
  const { MasterUserARN: arn, MasterUserName: name, MasterUserPassword: password } = master ?? {};
  if (!arn && !name && !password) {
    if (before) return before;
    throw invalid('You must provide a master username and password or a master ARN.');
  }
  if (arn && (name || password || internal)) {
    throw invalid('A master ARN cannot be used together with the internal user database.');
  }
  if (arn) {
    checkPrincipal(call, arn);
    return { arn };
  }
  if (!internal) throw invalid('A master username needs the internal user database to be enabled.');
  if (!name || !password) throw invalid('You must provide a master username and a master password.');
  if (![/[A-Z]/, /[a-z]/, /\d/, /[^A-Za-z0-9]/].every((kind) => kind.test(password))) {
    throw invalid(
      'The master user password must contain at least one uppercase letter, one lowercase letter, one number, and one special character.',
    );
  }
  return { name };
}

function checkPrincipal(call: OpenSearchCall, arn: string): void {
  if (!/^arn:aws:iam::\d{12}:(role|user)\/.+$/.test(arn)) throw invalid(`Invalid master user ARN: ${arn}`);
  if (arn.split(':')[5]?.startsWith('user/')) return;
  const role = roleByArn(call.world, arn);
  if (!role || call.world.clock.now() < role._propagatedAt) {
    throw invalid('The passed role has not propagated yet');
  }
}

/** A policy of this domain whose principals exist; an open one only behind a VPC or fine-grained control. */
export function checkAccess(call: OpenSearchCall, name: string, options: DomainOptions): void {
  const { AccessPolicies: text } = options;
  if (!text) return;
  const wrong = (message: string) =>
    conflict('InvalidTypeException', `Error setting policy: [${text}]: ${message}`);
  let statements: Statement[];
  try {
    statements = parsePolicy(text, 'resource');
  } catch (error) {
    if (error instanceof PolicyError) throw wrong(error.message);
    throw error;
  }
  const domain = arnOf(call, name);
  for (const { Principal: principal, Action: actions, Resource: resources, ...rest } of statements) {
    const unknown = unknownPrincipals(call.world, principal === '*' ? [] : (principal?.AWS ?? []));
    if (unknown.length > 0) throw wrong(`Invalid principal: ${unknown[0]}`);
    if (actions.some((action) => action !== '*' && !/^es:/i.test(action))) throw wrong('Invalid action');
    if (resources.some((arn) => arn !== '*' && arn !== domain && !arn.startsWith(`${domain}/`))) {
      throw wrong('Invalid resource');
    }
    const everyone = principal === '*' || principal?.AWS?.includes('*');
    const open = everyone && rest.Effect === 'Allow' && Object.keys(rest.Condition).length === 0;
    if (open && !options.VPCOptions && !options.AdvancedSecurityOptions?.Enabled) {
      throw invalid(
        'Enable fine-grained access control or apply a restrictive access policy to your domain.',
      );
    }
  }
}

/** Each log group must let the service write: by a resource policy of CloudWatch Logs. */
export function checkLogs(call: OpenSearchCall, name: string, options: DomainOptions): void {
  for (const [type, log] of Object.entries(options.LogPublishingOptions ?? {})) {
    if (!LOG_TYPES.includes(type)) throw invalid(`Unknown log type: ${type}`);
    if (!log.Enabled) continue;
    const group = log.CloudWatchLogsLogGroupArn?.replace(/:\*$/, '') ?? '';
    if (
      !mayWriteLogs(call.world, call, { service: 'es.amazonaws.com', sourceArn: arnOf(call, name) }, group)
    ) {
      throw invalid(
        `The Resource Access Policy specified for the CloudWatch Logs log group ${group.split(':')[6] ?? group} does not grant sufficient permissions for Amazon OpenSearch Service to create a log stream. Please check the Resource Access Policy.`,
      );
    }
  }
}
