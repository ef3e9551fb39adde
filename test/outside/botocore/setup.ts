import { appendFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect } from 'vitest';
import { SUITES_FILE } from './recorded.ts';

/** Suites of what stands in for AWS send plain requests of their own, some wrong on purpose. */
const NOT_RECORDED = /^test\/(aws|outside\/(moto|botocore|policies|account))\//;

const folder = process.env.REKBACK_RECORD_REQUESTS;
const suite = relative(join(import.meta.dirname, '../../..'), expect.getState().testPath ?? '');

if (folder) {
  appendFileSync(join(folder, SUITES_FILE), `${suite}\n`);
  if (NOT_RECORDED.test(suite)) delete process.env.REKBACK_RECORD_REQUESTS;
  else {
    // Processes that the suite starts see it, too.
    process.env.REKBACK_RECORD_FROM = suite;
    await import('./record.js');
  }
}
