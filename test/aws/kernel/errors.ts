/** An error as a service answers it; the protocol gives it its form. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  /** Further members of the error document, and headers of the answer. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: string,
    message: string,
    options: {
      status?: number;
      fields?: Readonly<Record<string, unknown>>;
      headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.code = code;
    this.status = options.status ?? 400;
    this.fields = options.fields ?? {};
    this.headers = options.headers ?? {};
  }
}

/** The double itself does not know this: answered with 501 and recorded as a violation, which fails the test. */
export class Unsupported extends Error {}
