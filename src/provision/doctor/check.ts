/** What one look found. */
export interface Check {
  /** What was looked at: `credentials`, `rights`, `bucket`. */
  name: string;
  /** `warning`: a stack can be set up, but something about it has to be known. `problem`: it would fail. */
  state: 'ok' | 'warning' | 'problem';
  message: string;
  suggestions: readonly string[];
  /** The IAM actions that are missing, all of them. */
  missing?: readonly string[];
}

export const ok = (name: string, message: string, suggestions: readonly string[] = []): Check => ({
  name,
  state: 'ok',
  message,
  suggestions,
});

export const warning = (name: string, message: string, suggestions: readonly string[]): Check => ({
  name,
  state: 'warning',
  message,
  suggestions,
});

export const problem = (name: string, message: string, suggestions: readonly string[]): Check => ({
  name,
  state: 'problem',
  message,
  suggestions,
});
