import { Unsupported } from './errors.ts';

/** A statement as written; single values stand as lists. */
export interface Statement {
  Sid?: string;
  Effect: 'Allow' | 'Deny';
  /** `*`, or ARNs, accounts, services by kind. */
  Principal?: '*' | Record<string, string[]>;
  NotPrincipal?: unknown;
  Action: string[];
  NotAction?: string[];
  Resource: string[];
  NotResource?: string[];
  Condition: Record<string, Record<string, string[]>>;
}

/** The policy is no policy; the message says why. Services answer it under their own code. */
export class PolicyError extends Error {}

const MEMBERS = [
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
];

/** Checks grammar as IAM does and gives the statements. `kind`: who needs a principal or a resource. */
export function parsePolicy(text: string, kind: 'identity' | 'resource' | 'trust'): Statement[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new PolicyError("Policies must be valid JSON and the first byte must be '{'");
  }
  if (!isObject(document))
    throw new PolicyError("Policies must be valid JSON and the first byte must be '{'");
  const unknown = Object.keys(document).find((key) => !['Version', 'Id', 'Statement'].includes(key));
  if (unknown !== undefined) throw new PolicyError(`Unknown field ${unknown}`);
  const { Version: version = '2008-10-17', Statement: statement } = document;
  if (version !== '2012-10-17' && version !== '2008-10-17') {
    throw new PolicyError('The policy must contain a valid version string');
  }
  if (statement === undefined) throw new PolicyError('Missing required field Statement');
  if (Array.isArray(statement) && statement.length === 0) throw new PolicyError('Syntax errors in policy.');
  const statements = list(statement).map((each) => parseStatement(each, kind));
  const sids = statements.flatMap((each) => each.Sid ?? []);
  if (new Set(sids).size !== sids.length)
    throw new PolicyError('Statement IDs (SID) in a single policy must be unique.');
  return statements;
}

function parseStatement(value: unknown, kind: 'identity' | 'resource' | 'trust'): Statement {
  if (!isObject(value)) throw new PolicyError('Syntax errors in policy.');
  const unknown = Object.keys(value).find((key) => !MEMBERS.includes(key));
  if (unknown !== undefined) throw new PolicyError(`Syntax errors in policy: unknown field ${unknown}`);
  const { Effect: effect, Sid: sid } = value;
  if (effect !== 'Allow' && effect !== 'Deny') throw new PolicyError('Missing required field Effect');
  if (value.Action === undefined && value.NotAction === undefined) {
    throw new PolicyError('Missing required field Action');
  }
  const hasPrincipal = value.Principal !== undefined || value.NotPrincipal !== undefined;
  if (kind === 'identity' && hasPrincipal)
    throw new PolicyError('Policy document should not specify a principal.');
  if (kind !== 'identity' && !hasPrincipal) throw new PolicyError('Missing required field Principal');
  const hasResource = value.Resource !== undefined || value.NotResource !== undefined;
  if (kind === 'trust' && hasResource) throw new PolicyError('Has prohibited field Resource');
  if (kind !== 'trust' && !hasResource) throw new PolicyError('Policy statement must contain resources.');
  const action = strings(value.Action);
  const wrong = action.find((each) => each !== '*' && !/^[a-z0-9-]+:[A-Za-z0-9*?]+$/i.test(each));
  if (wrong !== undefined) {
    throw new PolicyError('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.');
  }
  return {
    ...(typeof sid === 'string' && { Sid: sid }),
    Effect: effect,
    ...(value.Principal !== undefined && { Principal: principalOf(value.Principal) }),
    ...(value.NotPrincipal !== undefined && { NotPrincipal: value.NotPrincipal }),
    Action: action,
    ...(value.NotAction !== undefined && { NotAction: strings(value.NotAction) }),
    Resource: strings(value.Resource),
    ...(value.NotResource !== undefined && { NotResource: strings(value.NotResource) }),
    Condition: conditionOf(value.Condition),
  };
}

function principalOf(value: unknown): '*' | Record<string, string[]> {
  if (value === '*') return '*';
  if (!isObject(value)) throw new PolicyError('Invalid principal in policy');
  const unknown = Object.keys(value).find(
    (key) => !['AWS', 'Service', 'Federated', 'CanonicalUser'].includes(key),
  );
  if (unknown !== undefined) throw new PolicyError('Invalid principal in policy');
  return Object.fromEntries(Object.entries(value).map(([kind, each]) => [kind, strings(each)]));
}

function conditionOf(value: unknown): Record<string, Record<string, string[]>> {
  if (value === undefined) return {};
  if (!isObject(value)) throw new PolicyError('Syntax errors in policy: Condition');
  return Object.fromEntries(
    Object.entries(value).map(([operator, keys]) => {
      if (!isObject(keys)) throw new PolicyError('Syntax errors in policy: Condition');
      return [operator, Object.fromEntries(Object.entries(keys).map(([key, each]) => [key, strings(each)]))];
    }),
  );
}

/** What someone asks of a resource's policy. */
export interface Question {
  /** Kind and value: `Service`, `sqs.amazonaws.com`; or `AWS`, an ARN. */
  principal: { kind: 'Service' | 'AWS'; value: string };
  action: string;
  resource: string;
  /** Condition keys of the request. */
  context?: Readonly<Record<string, string>>;
}

/** Whether the statements say yes: one allows, none denies. */
export function allows(statements: readonly Statement[], question: Question): boolean {
  const matching = statements.filter((statement) => matches(statement, question));
  return (
    matching.some((statement) => statement.Effect === 'Allow') &&
    !matching.some((statement) => statement.Effect === 'Deny')
  );
}

function matches(statement: Statement, question: Question): boolean {
  if (statement.NotPrincipal !== undefined || statement.NotResource || statement.NotAction) {
    throw new Unsupported(
      'policies with NotPrincipal, NotAction or NotResource are not evaluated by the double',
    );
  }
  return (
    isFor(statement.Principal, question.principal) &&
    statement.Action.some((action) => like(action.toLowerCase(), question.action.toLowerCase())) &&
    (statement.Resource.length === 0 || statement.Resource.some((each) => like(each, question.resource))) &&
    Object.entries(statement.Condition).every(([operator, keys]) =>
      Object.entries(keys).every(([key, values]) => holds(operator, values, contextValue(question, key))),
    )
  );
}

function isFor(principal: Statement['Principal'], asked: Question['principal']): boolean {
  if (principal === undefined) return true;
  if (principal === '*') return true;
  const account = asked.value.split(':')[4];
  return (principal[asked.kind] ?? []).some(
    (each) =>
      each === '*' ||
      each === asked.value ||
      (asked.kind === 'AWS' && (each === account || each === `arn:aws:iam::${account}:root`)),
  );
}

function contextValue(question: Question, key: string): string | undefined {
  const found = Object.entries(question.context ?? {}).find(
    ([name]) => name.toLowerCase() === key.toLowerCase(),
  );
  return found?.[1];
}

function holds(operator: string, values: string[], actual: string | undefined): boolean {
  switch (operator) {
    case 'StringEquals':
      return actual !== undefined && values.includes(actual);
    case 'StringNotEquals':
      return actual === undefined || !values.includes(actual);
    case 'StringLike':
    case 'ArnLike':
    case 'ArnEquals':
      return actual !== undefined && values.some((each) => like(each, actual));
    case 'Bool':
      return values.includes(actual ?? 'absent');
    default:
      throw new Unsupported(`condition operator ${operator} is not evaluated by the double`);
  }
}

/** IAM's patterns: `*` any text, `?` one character. */
export function like(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^]*')
    .replaceAll('?', '[^]');
  return new RegExp(`^${source}$`).test(text);
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

function strings(value: unknown): string[] {
  if (value === undefined) return [];
  return list(value).map((each) => {
    if (typeof each === 'boolean' || typeof each === 'number') return String(each);
    if (typeof each !== 'string') throw new PolicyError('Syntax errors in policy.');
    return each;
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
