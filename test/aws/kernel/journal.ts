import type { Access } from './operation.ts';

/** One request, whether or not it was applied. */
export interface Entry {
  /** From 1, in the order of arrival. */
  n: number;
  time: Date;
  service: string;
  operation: string;
  /** IAM's name of what is done, as `s3:PutBucketNotification`. */
  action: string;
  access: Access;
  /** By IAM's access level: Write, Tagging or Permissions management. */
  mutating: boolean;
  input: unknown;
  region: string;
  account: string;
  /** ARN of the caller. */
  principal: string;
  /** ARN of the role that the caller has assumed. */
  role?: string;
  /** HTTP status; 0 when the connection was dropped instead of answered. */
  status: number;
  /** The error's code, when it is one. */
  error?: string;
  requestId: string;
}

export class Journal {
  readonly entries: Entry[] = [];

  /** Entries of one service, or of one of its operations (`s3`, `PutObject`). */
  of(service: string, operation?: string): Entry[] {
    return this.entries.filter(
      (entry) => entry.service === service && (operation === undefined || entry.operation === operation),
    );
  }

  mutating(): Entry[] {
    return this.entries.filter((entry) => entry.mutating);
  }

  clear(): void {
    this.entries.length = 0;
  }
}
