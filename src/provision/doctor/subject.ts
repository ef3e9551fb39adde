import type { Session, SessionOptions } from '../../aws/session.ts';
import type { AwsOptions } from '../../stack/aws-spec.ts';
import { readAwsStack } from '../../stack/find-aws.ts';
import type { Scope } from '../iam/persona-rights.ts';

export interface DoctorOptions extends SessionOptions {
  /** The name of one stack, set up or not; every stack where it is left out. */
  stack?: string | undefined;
  /** The images' bucket; that of the stack where it is set up already. */
  bucket?: string | undefined;
}

/** What the doctor looks at. */
export interface Subject {
  scope: Scope;
  /** Undefined where nobody says it. */
  bucket: string | undefined;
  /** What the stack was set up with; undefined where it was not, or where that can't be read. */
  recorded: AwsOptions | undefined;
}

/** Never throws: a record that can't be read is as good as none. */
export async function subjectOf(session: Session, { stack, bucket }: DoctorOptions): Promise<Subject> {
  const found = stack === undefined ? undefined : await readAwsStack(session, stack).catch(() => undefined);
  const recorded = found?.record?.aws;
  const { account, region, partition } = session;
  const images = bucket ?? recorded?.bucket ?? found?.images;
  return {
    scope: {
      place: { name: stack ?? '*', account, region, partition, iamPath: recorded?.iamPath ?? '/' },
      bucket: images ?? '*',
    },
    bucket: images,
    recorded,
  };
}
