import type { AwsError } from '../errors.ts';
import type { Operation, Output, Service } from '../operation.ts';

/** A request as it came in, body complete. */
export interface Request {
  method: string;
  /** Still percent-encoded. */
  path: string;
  query: URLSearchParams;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}

export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}

/** A request understood: which operation, and its members as the wire gave them. */
export interface Decoded {
  operation: Operation<unknown>;
  input: unknown;
  /** Whether numbers and booleans came as text. */
  text: boolean;
}

/** One wire form. `decode` throws `Unsupported` for an operation that the service's list does not have. */
export interface Protocol {
  decode(request: Request, service: Service<unknown>): Decoded;
  answer(output: Output, decoded: Decoded, service: Service<unknown>, requestId: string): Answer;
  failure(error: AwsError, service: Service<unknown>, requestId: string): Answer;
}
