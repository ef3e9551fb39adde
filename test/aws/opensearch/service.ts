import { AwsError } from '../kernel/errors.ts';
import type { Service } from '../kernel/operation.ts';
import { changeOperations } from './changes.ts';
import { domainOperations } from './domains.ts';
import { securityOperations } from './security-api.ts';
import { invalid, type OpenSearchState } from './state.ts';
import { tagOperations } from './tags.ts';
import { versionOperations } from './versions.ts';

export const opensearch: Service<OpenSearchState> = {
  id: 'es',
  signedAs: ['es'],
  wires: ['rest-json'],
  reach: 'region',
  empty: () => ({ domains: new Map() }),
  tagged: ({ domains }) => [...domains.values()].map(({ arn, tags }) => ({ arn, type: 'es:domain', tags })),
  operations: [
    ...domainOperations,
    ...changeOperations,
    ...versionOperations,
    ...tagOperations,
    ...securityOperations,
  ],
  invalid: ({ message }) => invalid(message),
  denied: (message) => new AwsError('AccessDeniedException', message, { status: 403 }),
};
