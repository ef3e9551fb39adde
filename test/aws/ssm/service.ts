import { AwsError } from '../kernel/errors.ts';
import { type Call, operations, type Service } from '../kernel/operation.ts';
import { bool, int, list, need, str, struct, tag } from '../kernel/shape.ts';

interface Parameter {
  name: string;
  arn: string;
  type: string;
  value: string;
  description: string | undefined;
  key: string | undefined;
  tier: string;
  version: number;
  modified: Date;
  tags: Map<string, string>;
}
export interface SsmState {
  parameters: Map<string, Parameter>;
}
type SsmCall = Call<SsmState>;

const op = operations<SsmState>();
const name = need(str({ min: 1, max: 2048 }));
const tags = list(tag(), { max: 50 });
const tagging = { ResourceType: need(str({ oneOf: ['Parameter'] })), ResourceId: need(str()) };
const arnOf = (call: SsmCall, given: string) =>
  `arn:aws:ssm:${call.region}:${call.account}:parameter/${given.replace(/^\//, '')}`;
const about = { resource: ({ Name }: { Name: string }, call: SsmCall) => arnOf(call, Name) };

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

function parameterNamed(call: SsmCall, given: string): Parameter {
  const parameter =
    call.state.parameters.get(given) ?? [...call.state.parameters.values()].find(({ arn }) => arn === given);
  if (!parameter) throw new AwsError('ParameterNotFound', `Parameter ${given} not found.`);
  return parameter;
}

function taggedNamed(call: SsmCall, id: string): Parameter {
  const parameter = call.state.parameters.get(id);
  if (!parameter)
    throw new AwsError(
      'InvalidResourceId',
      'The resource ID is not valid. Verify that you entered the correct ID and try again.',
    );
  return parameter;
}

function describe(parameter: Parameter, decrypted: boolean) {
  const secret = parameter.type === 'SecureString' && !decrypted;
  return {
    Name: parameter.name,
    Type: parameter.type,
    Value: secret ? `AQICAH${Buffer.from(parameter.name).toString('base64url')}` : parameter.value,
    Version: parameter.version,
    LastModifiedDate: parameter.modified,
    ARN: parameter.arn,
    DataType: 'text',
  };
}

function checkName(given: string): void {
  if (!/^[a-zA-Z0-9_.\-/]+$/.test(given)) {
    throw invalid('Parameter name: can only include the following characters: a-zA-Z0-9_.-/');
  }
  if (given.includes('/') && !given.startsWith('/'))
    throw invalid('Parameter name must be a fully qualified name.');
  if (/^\/?(aws|ssm)/i.test(given))
    throw invalid(`Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`);
  if (given.split('/').length > 16) {
    throw new AwsError(
      'HierarchyLevelLimitExceededException',
      'A hierarchy can have a maximum of 15 levels.',
    );
  }
}

export const ssm: Service<SsmState> = {
  id: 'ssm',
  signedAs: ['ssm'],
  wires: ['json'],
  target: 'AmazonSSM',
  reach: 'region',
  empty: () => ({ parameters: new Map() }),
  invalid: ({ message }) => invalid(message),
  denied: (message) => new AwsError('AccessDeniedException', message),
  tagged: ({ parameters }) =>
    [...parameters.values()].map(({ arn, tags: given }) => ({ arn, type: 'ssm:parameter', tags: given })),
  operations: [
    op(
      'PutParameter',
      'Write',
      struct({
        Name: name,
        Description: str({ max: 1024 }),
        Value: need(str({ min: 1 })),
        Type: str({ oneOf: ['String', 'StringList', 'SecureString'] }),
        KeyId: str({ min: 1, max: 256 }),
        Overwrite: bool(),
        Tags: tags,
        Tier: str({ oneOf: ['Standard', 'Advanced', 'Intelligent-Tiering'] }),
        DataType: str({ oneOf: ['text'] }),
      }),
      (call, input) => {
        checkName(input.Name);
        const known = call.state.parameters.get(input.Name);
        if (known && !input.Overwrite) {
          throw new AwsError(
            'ParameterAlreadyExists',
            'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
          );
        }
        if (input.Overwrite && input.Tags) {
          throw invalid("Invalid request: tags and overwrite can't be used together.");
        }
        const type = input.Type ?? known?.type;
        if (type === undefined) throw invalid('A parameter type is required when you create a parameter.');
        const tier = input.Tier ?? 'Standard';
        if (Buffer.byteLength(input.Value) > (tier === 'Standard' ? 4096 : 8192)) {
          throw invalid('Standard tier parameters support a maximum parameter value of 4096 characters.');
        }
        const version = (known?.version ?? 0) + 1;
        call.state.parameters.set(input.Name, {
          name: input.Name,
          arn: arnOf(call, input.Name),
          type,
          value: input.Value,
          description: input.Description ?? known?.description,
          key: type === 'SecureString' ? (input.KeyId ?? known?.key ?? 'alias/aws/ssm') : undefined,
          tier,
          version,
          modified: call.now(),
          tags: known?.tags ?? new Map((input.Tags ?? []).map(({ Key, Value }) => [Key, Value])),
        });
        return { Version: version, Tier: tier };
      },
      about,
    ),
    op(
      'GetParameter',
      'Read',
      struct({ Name: name, WithDecryption: bool() }),
      (call, { Name, WithDecryption = false }) => ({
        Parameter: describe(parameterNamed(call, Name), WithDecryption),
      }),
      about,
    ),
    op(
      'GetParameters',
      'Read',
      struct({ Names: need(list(str({ min: 1, max: 2048 }), { min: 1, max: 10 })), WithDecryption: bool() }),
      (call, { Names, WithDecryption = false }) => ({
        Parameters: Names.flatMap((each) => call.state.parameters.get(each) ?? []).map((each) =>
          describe(each, WithDecryption),
        ),
        InvalidParameters: Names.filter((each) => !call.state.parameters.has(each)),
      }),
    ),
    op(
      'GetParametersByPath',
      'Read',
      struct({
        Path: name,
        Recursive: bool(),
        WithDecryption: bool(),
        MaxResults: int(1, 10),
        NextToken: str(),
      }),
      (call, { Path, Recursive = false, WithDecryption = false, MaxResults = 10, NextToken = '' }) => {
        const prefix = Path.endsWith('/') ? Path : `${Path}/`;
        const below = [...call.state.parameters.values()]
          .filter(
            (each) =>
              each.name.startsWith(prefix) && (Recursive || !each.name.slice(prefix.length).includes('/')),
          )
          .filter((each) => each.name > NextToken)
          .sort((a, b) => (a.name < b.name ? -1 : 1));
        const page = below.slice(0, MaxResults);
        return {
          Parameters: page.map((each) => describe(each, WithDecryption)),
          ...(below.length > MaxResults && { NextToken: page.at(-1)?.name }),
        };
      },
    ),
    op(
      'DeleteParameter',
      'Write',
      struct({ Name: name }),
      (call, { Name }) => {
        call.state.parameters.delete(parameterNamed(call, Name).name);
        return {};
      },
      about,
    ),
    op(
      'AddTagsToResource',
      'Tagging',
      struct({ ...tagging, Tags: need(tags) }),
      (call, { ResourceId, Tags }) => {
        const parameter = taggedNamed(call, ResourceId);
        for (const { Key, Value } of Tags) parameter.tags.set(Key, Value);
        return {};
      },
    ),
    op(
      'RemoveTagsFromResource',
      'Tagging',
      struct({ ...tagging, TagKeys: need(list(str({ min: 1, max: 128 }))) }),
      (call, { ResourceId, TagKeys }) => {
        const parameter = taggedNamed(call, ResourceId);
        for (const key of TagKeys) parameter.tags.delete(key);
        return {};
      },
    ),
    op('ListTagsForResource', 'List', struct(tagging), (call, { ResourceId }) => ({
      TagList: [...taggedNamed(call, ResourceId).tags].map(([Key, Value]) => ({ Key, Value })),
    })),
  ],
};
