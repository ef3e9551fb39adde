import { RekbackError } from '../runtime/errors.ts';
import { awsFailure } from './errors.ts';

interface Explanation {
  code: string;
  /** What could not be done: `can't look at the stack`. */
  doing: string;
  suggestions?: readonly string[];
}

/**
 * A failure of AWS as an error that a person can act on: AWS's own words, the call and its request id, and where a right
 * is missing, how to see which. Everything else stays as it is.
 */
export function explain(error: unknown, { code, doing, suggestions = [] }: Explanation): unknown {
  const failure = awsFailure(error);
  if (failure === undefined) return error;
  const { code: said, message, call, requestId } = failure;
  const where = [call, requestId && `request ${requestId}`].filter(Boolean).join(', ');
  const isDenied = /denied|unauthorized|forbidden/i.test(said);
  return new RekbackError(
    code,
    `${doing}: ${said}${message === '' || message === said ? '' : `: ${message.replace(/\.$/, '')}`}${where && ` (${where})`}`,
    {
      cause: error,
      suggestions: [...(isDenied ? ['see which rights are missing: rekback doctor'] : []), ...suggestions],
    },
  );
}

/** The same for whatever the work throws. */
export async function explained<Result>(doing: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw explain(error, { code: 'aws-failed', doing });
  }
}
