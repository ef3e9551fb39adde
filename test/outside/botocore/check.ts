import { join } from 'node:path';
import type { Python } from '../python/venv.ts';
import type { SdkRequest } from './record.js';

/** What botocore's model of a service says against a request. */
export interface Violation {
  /** Which of the requests, from 0. */
  request: number;
  service: string;
  operation: string;
  /** With the path of the member: `CreateQueue.QueueName: required and missing`. */
  problem: string;
}

/** Checks requests against botocore's service models: members, types, enums, lengths, patterns, unions. */
export async function checkRequests(python: Python, requests: readonly SdkRequest[]): Promise<Violation[]> {
  const input = requests.map((each) => `${JSON.stringify(each)}\n`).join('');
  const output = await python.run(join(import.meta.dirname, 'check_requests.py'), input);
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { line: number, ...rest } = JSON.parse(line) as Omit<Violation, 'request'> & { line: number };
      return { request: number - 1, ...rest };
    });
}
