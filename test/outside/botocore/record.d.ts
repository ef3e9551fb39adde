/** A request as an SDK client was asked to send it. */
export interface SdkRequest {
  /** The service as the models call it: `CloudWatch Logs`. */
  serviceId: string;
  /** `CreateLogGroup`. */
  operation: string;
  /** Dates, bytes and streams stand as `{"$date": ISO}`, `{"$blob": length}`, `{"$stream": true}`. */
  input: unknown;
}

/** From now on `write` gets every request that any SDK client of this process is asked to send. Returns what ends it. */
export function recordRequests(write: (request: SdkRequest) => void): () => void;
