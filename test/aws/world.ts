import { batch } from './batch/service.ts';
import { cloudwatch } from './cloudwatch/service.ts';
import { codebuild } from './codebuild/service.ts';
import { ec2 } from './ec2/service.ts';
import { ecr } from './ecr/service.ts';
import { events } from './events/service.ts';
import { iam } from './iam/service.ts';
import type { Service } from './kernel/operation.ts';
import { World } from './kernel/world.ts';
import { lambda } from './lambda/service.ts';
import { logs } from './logs/service.ts';
import { opensearch } from './opensearch/service.ts';
import { organizations } from './organizations/service.ts';
import { quotas } from './quotas/service.ts';
import { rekognition } from './rekognition/service.ts';
import { s3 } from './s3/service.ts';
import { sns } from './sns/service.ts';
import { sqs } from './sqs/service.ts';
import { ssm } from './ssm/service.ts';
import { sts } from './sts/service.ts';
import { tagging } from './tagging/service.ts';

/** Every service that the double has: a new one is added here. */
const SERVICES = [
  batch,
  cloudwatch,
  codebuild,
  ec2,
  ecr,
  events,
  iam,
  lambda,
  logs,
  opensearch,
  organizations,
  quotas,
  rekognition,
  s3,
  sns,
  sqs,
  ssm,
  sts,
  tagging,
] as readonly Service<unknown>[];

/** A started double, empty. Stop it in `afterAll`. */
export async function startWorld(): Promise<World> {
  // The SDK would tell every test of what Node version it wants from 2027 on.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  return await new World(SERVICES).start();
}
