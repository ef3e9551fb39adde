import { AwsError } from '../kernel/errors.ts';
import type { Service } from '../kernel/operation.ts';
import { buildOperations } from './builds.ts';
import { projectOperations } from './projects.ts';
import { type CodeBuildState, invalidInput } from './state.ts';

export const codebuild: Service<CodeBuildState> = {
  id: 'codebuild',
  signedAs: ['codebuild'],
  wires: ['cbor', 'json'],
  target: 'CodeBuild_20161006',
  reach: 'region',
  empty: () => ({ projects: new Map(), _builds: new Map(), _tokens: new Map(), _builder: undefined }),
  tagged: ({ projects }) =>
    [...projects.values()].map(({ arn, tags }) => ({ arn, type: 'codebuild:project', tags })),
  operations: [...projectOperations, ...buildOperations],
  invalid: ({ message }) => invalidInput(message),
  denied: (message) => new AwsError('AccessDeniedException', message),
};
