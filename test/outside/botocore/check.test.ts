import { Readable } from 'node:stream';
import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { EventBridgeClient, PutRuleCommand } from '@aws-sdk/client-eventbridge';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DescribeDomainCommand, OpenSearchClient } from '@aws-sdk/client-opensearch';
import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { preparePython } from '../python/venv.ts';
import { describeWith, lookFor } from '../requires.ts';
import { checkRequests } from './check.ts';
import { recordRequests, type SdkRequest } from './record.js';
import { sentCommands } from './sent-commands.ts';

// Nobody listens there: what counts is what was asked for.
const nowhere = {
  endpoint: 'http://127.0.0.1:9',
  region: 'eu-west-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  maxAttempts: 1,
};

let requests: SdkRequest[];
let end: () => void;
beforeEach(() => {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  requests = [];
  end = recordRequests((request) => requests.push(request));
});
afterEach(() => end());

const refused = (sending: Promise<unknown>) => expect(sending).rejects.toThrow();

describeWith("botocore's models", await lookFor(preparePython), (python) => {
  const problems = async (given: readonly SdkRequest[]) =>
    (await checkRequests(python, given)).map(({ request, problem }) => `${request} ${problem}`);

  test('know every service by the name that its client has, and dates, bytes and streams', async () => {
    await refused(new SQSClient(nowhere).send(new CreateQueueCommand({ QueueName: 'q', Attributes: {} })));
    const logGroupName = '/rekback/one';
    await refused(new CloudWatchLogsClient(nowhere).send(new CreateLogGroupCommand({ logGroupName })));
    await refused(new EventBridgeClient(nowhere).send(new PutRuleCommand({ Name: 'r' })));
    await refused(new ResourceGroupsTaggingAPIClient(nowhere).send(new GetResourcesCommand({})));
    await refused(new OpenSearchClient(nowhere).send(new DescribeDomainCommand({ DomainName: 'images' })));
    const metric = { Namespace: 'AWS/S3', MetricName: 'NumberOfObjects', Period: 60 };
    const times = { StartTime: new Date(0), EndTime: new Date(1) };
    await refused(
      new CloudWatchClient(nowhere).send(new GetMetricStatisticsCommand({ ...metric, ...times })),
    );
    const ZipFile = new Uint8Array(3);
    const Role = 'arn:aws:iam::123456789012:role/r';
    await refused(
      new LambdaClient(nowhere).send(
        new CreateFunctionCommand({ FunctionName: 'f', Role, Code: { ZipFile } }),
      ),
    );
    for (const Body of [Readable.from(['a']), 'text', Buffer.from('bytes')]) {
      await refused(new S3Client(nowhere).send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body })));
    }
    expect(requests).toHaveLength(10);
    expect(requests.map(({ input }) => input)).toMatchObject([
      ...Array(5).fill({}),
      { StartTime: { $date: '1970-01-01T00:00:00.000Z' } },
      { Code: { ZipFile: { $blob: 3 } } },
      { Body: { $stream: true } },
      { Body: 'text' },
      { Body: { $blob: 5 } },
    ]);
    expect(await problems(requests)).toEqual([]);
  });

  test('see what is wrong', async () => {
    const serviceId = 'Batch';
    const operation = 'RegisterJobDefinition';
    const input = (rest: object) => ({ jobDefinitionName: 'd', type: 'container', ...rest });
    const given = [
      { serviceId, operation, input: { type: 'container' } },
      { serviceId, operation, input: input({ colour: 'red' }) },
      { serviceId, operation, input: input({ type: 'boat' }) },
      { serviceId, operation, input: input({ retryStrategy: { attempts: '2' } }) },
      { serviceId, operation, input: input({ platformCapabilities: 'FARGATE' }) },
      { serviceId, operation: 'Sail', input: {} },
      { serviceId: 'Harbour', operation, input: {} },
      { serviceId: 'OpenSearch', operation: 'DescribeDomain', input: { DomainName: 'Ab' } },
      {
        serviceId: 'Lambda',
        operation: 'CreateEventSourceMapping',
        input: { FunctionName: 'f', BatchSize: 10_001 },
      },
      { serviceId: 'CloudWatch', operation: 'DescribeAlarmHistory', input: { StartDate: '2026-01-01' } },
      { serviceId: 'S3', operation: 'SelectObjectContent', input: {} },
    ];
    expect(await problems(given)).toEqual([
      '0 RegisterJobDefinition.jobDefinitionName: required and missing',
      '1 RegisterJobDefinition.colour: unknown member',
      '2 RegisterJobDefinition.type: "boat" is none of container, multinode',
      '3 RegisterJobDefinition.retryStrategy.attempts: "2" is not a integer',
      '4 RegisterJobDefinition.platformCapabilities: not a list',
      '5 OperationNotFoundError: Sail',
      expect.stringContaining('6 UnknownServiceError'),
      '7 DescribeDomain.DomainName: length 2 is below 3',
      '7 DescribeDomain.DomainName: "Ab" does not match [a-z][a-z0-9\\-]+',
      '8 CreateEventSourceMapping.BatchSize: value 10001 is above 10000',
      '9 DescribeAlarmHistory.StartDate: not a date',
      ...['Bucket', 'Key', 'Expression', 'ExpressionType', 'InputSerialization', 'OutputSerialization'].map(
        (name) => `10 SelectObjectContent.${name}: required and missing`,
      ),
    ]);
  });
});

test('what sources send is found in every form', () => {
  const code = `
    import { CreateQueueCommand, type DeleteQueueCommand, SQSClient, SendMessageCommand as Send } from '@aws-sdk/client-sqs';
    import type { ListQueuesCommand } from '@aws-sdk/client-sqs';
    import { PutRuleCommand } from './rule.ts';
    const { GetObjectCommand: Get, S3Client } = await import('@aws-sdk/client-s3');
    const iam = await import('@aws-sdk/client-iam');
    new iam.GetRoleCommand({}); this.runCommand();
  `;
  expect(sentCommands('x.ts', code)).toEqual([
    'client-iam GetRole',
    'client-s3 GetObject',
    'client-sqs CreateQueue',
    'client-sqs SendMessage',
  ]);
});
