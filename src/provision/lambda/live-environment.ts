import { ENVIRONMENT } from '../../runtime/contract.ts';
import type { Context } from '../context.ts';

/** What the live function has to be told; everything else is in the stack's record. */
export const liveEnvironment = ({ names, spec }: Context): Record<string, string> => ({
  [ENVIRONMENT.bucket]: names.bucket.name,
  [ENVIRONMENT.stack]: spec.name,
});
