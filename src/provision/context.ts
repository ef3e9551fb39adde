import type { Clients } from '../aws/clients.ts';
import type { Waiting } from '../aws/wait.ts';
import type { Names } from '../stack/aws-names.ts';
import type { AwsSpec } from '../stack/aws-spec.ts';
import type { FunctionCode } from './lambda/code.ts';
import type { Tags } from './tags.ts';

/** What AWS chose and no name tells: set by the resource that learns it, read by those that come after it. */
export interface Outputs {
  securityGroup?: string;
  /** Ids that AWS gave to what is ours and has no name of its own there: still listed by tag once it is gone. */
  seen?: string[];
  /** `https://…` of the domain, or the endpoint given. */
  indexEndpoint?: string;
}

/** What every resource is made from. */
export interface Context {
  readonly spec: AwsSpec;
  readonly names: Names;
  /** On everything that can carry tags. */
  readonly tags: Tags;
  readonly clients: Clients;
  /** What the live function runs. */
  readonly code: FunctionCode;
  readonly waiting: Waiting;
  readonly outputs: Outputs;
}
