import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import type { World } from '../kernel/world.ts';

/** Makes a role that a service can assume and that may do `actions` everywhere; gives its ARN, made already or not. */
export async function makeRole(
  world: World,
  RoleName: string,
  actions: readonly string[],
  Service = 'lambda.amazonaws.com',
): Promise<string> {
  const iam = new IAMClient(world.client());
  const document = (statement: object) =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });
  const AssumeRolePolicyDocument = document({ Principal: { Service }, Action: 'sts:AssumeRole' });
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument })).catch((error: Error) => {
    if (error.name !== 'EntityAlreadyExistsException') throw error;
  });
  if (actions.length > 0) {
    const PolicyDocument = document({ Action: actions, Resource: '*' });
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument }));
  }
  return `arn:aws:iam::111122223333:role/${RoleName}`;
}
