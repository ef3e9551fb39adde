import type { AwsRecord } from '../stack/record.ts';
import { controlEnvironment } from './batch/control-environment.ts';
import { controlQueue } from './batch/control-queue.ts';
import { plannerJob } from './batch/planner-job.ts';
import { workerEnvironment } from './batch/worker-environment.ts';
import { workerJob } from './batch/worker-job.ts';
import { workerQueue } from './batch/worker-queue.ts';
import type { Context } from './context.ts';
import { formerSecurityGroups } from './ec2/former-security-groups.ts';
import { securityGroup } from './ec2/security-group.ts';
import { image } from './ecr/image.ts';
import { repository } from './ecr/repository.ts';
import { jobStateRule } from './events/job-state-rule.ts';
import { liveRule } from './events/live-rule.ts';
import { adminRole } from './iam/admin-role.ts';
import { executionRole } from './iam/execution-role.ts';
import { liveRole } from './iam/live-role.ts';
import { plannerRole } from './iam/planner-role.ts';
import { searchRole } from './iam/search-role.ts';
import { workerRole } from './iam/worker-role.ts';
import { eventSourceMapping } from './lambda/event-source-mapping.ts';
import { liveFunction } from './lambda/live-function.ts';
import { logGroup } from './logs/log-group.ts';
import { domain } from './opensearch/domain.ts';
import { indexAddress } from './opensearch/index-address.ts';
import { indexRoles } from './opensearch/security-roles.ts';
import type { Resource } from './resource.ts';
import { eventBridge } from './s3/event-bridge.ts';
import { imagesNotifications } from './s3/images-notifications.ts';
import { inventory } from './s3/inventory.ts';
import { stackBucket } from './s3/stack-bucket.ts';
import { stackNotifications } from './s3/stack-notifications.ts';
import { stackRecord } from './s3/stack-record.ts';
import { deadLetterQueue } from './sqs/dead-letter-queue.ts';
import { liveQueue } from './sqs/live-queue.ts';

/**
 * Everything that a stack is made of, whatever its options: what they leave out is wanted absent. The bucket with the
 * record comes first and goes last, so that a stack that was interrupted anywhere is found again.
 */
export function blueprint(context: Context, wanted: AwsRecord): Resource[] {
  const { names } = context;
  const bucket = stackBucket(context);
  const record = stackRecord(context, wanted, bucket);
  const first = [record];

  const jobLogs = logGroup(context, names.jobLogs, first);
  const liveLogs = logGroup(context, names.liveLogs, first);
  const deadLetters = deadLetterQueue(context, first);
  const queue = liveQueue(context, deadLetters);

  const execution = executionRole(context, first);
  const planner = plannerRole(context, first);
  const worker = workerRole(context, first);
  const live = liveRole(context, first);
  const admin = adminRole(context, first);
  const search = searchRole(context, first);

  const imageRepository = repository(context, first);
  const jobImage = image(context, imageRepository);

  const group = securityGroup(context, first);
  const formerGroups = formerSecurityGroups(context, first);
  const groups = [group, formerGroups];
  const control = controlEnvironment(context, groups);
  const workers = workerEnvironment(context, groups);
  const controlJobs = controlQueue(context, control);
  const workerJobs = workerQueue(context, workers);

  const liveCode = liveFunction(context, [live, liveLogs]);
  const index = domain(context, [admin, worker, live, search]);
  const rights = indexRoles(context, [index, admin, worker, live, search]);
  // One configuration of the bucket: never written from two places at once.
  const changes = imagesNotifications(context, [queue]);
  const tellsEventBridge = eventBridge(context, [changes]);
  return [
    bucket,
    record,
    jobLogs,
    liveLogs,
    deadLetters,
    queue,
    execution,
    planner,
    worker,
    live,
    admin,
    search,
    imageRepository,
    jobImage,
    ...groups,
    control,
    workers,
    controlJobs,
    workerJobs,
    plannerJob(context, [execution, planner, jobLogs, jobImage]),
    workerJob(context, [execution, worker, jobLogs, jobImage]),
    liveCode,
    eventSourceMapping(context, [liveCode, queue]),
    jobStateRule(context, queue),
    liveRule(context, queue),
    index,
    indexAddress(context, [record, index]),
    rights,
    changes,
    tellsEventBridge,
    stackNotifications(context, [queue]),
    inventory(context, [record]),
  ];
}
