import { AwsError } from '../kernel/errors.ts';
import type { Service } from '../kernel/operation.ts';
import { profileOperations } from './profiles.ts';
import { roleSettingOperations } from './role-settings.ts';
import { roleOperations } from './roles.ts';
import { simulateOperations } from './simulate.ts';
import type { IamState } from './state.ts';

export const iam: Service<IamState> = {
  id: 'iam',
  signedAs: ['iam'],
  wires: ['query'],
  xmlns: 'https://iam.amazonaws.com/doc/2010-05-08/',
  reach: 'account',
  empty: () => ({ roles: new Map(), profiles: new Map(), policies: new Map() }),
  operations: [...roleOperations, ...roleSettingOperations, ...profileOperations, ...simulateOperations],
  invalid: ({ message }) => new AwsError('ValidationError', message),
  denied: (message) => new AwsError('AccessDenied', message, { status: 403 }),
  throttled: () => new AwsError('Throttling', 'Rate exceeded'),
};
