import type { Service } from '../kernel/operation.ts';
import { attachmentOperations } from './describe-attachments.ts';
import { networkOperations } from './describe-network.ts';
import { groupOperations } from './groups.ts';
import { ruleOperations } from './rules.ts';
import { arnOf, type Ec2State, ec2Error, invalidValue, kindOf } from './state.ts';
import { tagOperations } from './tags.ts';

export const ec2: Service<Ec2State> = {
  id: 'ec2',
  signedAs: ['ec2'],
  wires: ['ec2'],
  xmlns: 'http://ec2.amazonaws.com/doc/2016-11-15/',
  reach: 'region',
  empty: () => ({ groups: new Map(), tags: new Map(), _network: undefined, _uses: new Map() }),
  tagged: ({ tags }, account, region) =>
    [...tags].map(([id, given]) => ({
      arn: arnOf({ region, account }, id),
      type: `ec2:${kindOf(id)}`,
      tags: given,
    })),
  operations: [
    ...networkOperations,
    ...attachmentOperations,
    ...groupOperations,
    ...ruleOperations,
    ...tagOperations,
  ],
  invalid: ({ kind, path, message }) =>
    kind === 'missing'
      ? ec2Error('MissingParameter', `The request must contain the parameter ${path}`)
      : invalidValue(message),
  denied: (message) =>
    ec2Error('UnauthorizedOperation', `You are not authorized to perform this operation. ${message}`, 403),
  throttled: () => ec2Error('RequestLimitExceeded', 'Request limit exceeded.', 503),
};
