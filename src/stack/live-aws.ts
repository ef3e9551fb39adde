import type { Session, SessionOptions } from '../aws/session.ts';
import { RekbackError } from '../runtime/errors.ts';
import type { AwsRecord } from './record.ts';
import { selectStack } from './select.ts';

/**
 * The stack on AWS that a command about its live changes means.
 * @throws RekbackError `not-on-aws` for a stack on this machine; `stack-damaged`; as `selectStack`
 */
export async function selectLiveStack(
  name: string | undefined,
  where: SessionOptions,
): Promise<{ session: Session; record: AwsRecord }> {
  const selected = await selectStack(name, where);
  if ('local' in selected) {
    throw new RekbackError(
      'not-on-aws',
      `stack '${selected.local.name}' is on this machine; this command is about stacks on AWS`,
      { suggestions: ['follow a folder with: rekback live', 'see its state with: rekback status'] },
    );
  }
  const { aws, session } = selected;
  if (aws.record !== undefined) return { session, record: aws.record };
  throw new RekbackError('stack-damaged', `stack '${aws.name}' has no record: its setup was interrupted`, {
    suggestions: [`finish it: rekback setup --bucket ${aws.images} --stack ${aws.name}`],
  });
}
