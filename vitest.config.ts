import { defineConfig } from 'vitest/config';

const report = process.env.REKBACK_TEST_REPORT;

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['test/**/*.test.ts'],
    // oclif writes through the console; vitest's own interception would swallow it.
    disableConsoleIntercept: true,
    testTimeout: 30_000,
    // .ci/run counts from a report, beside what the runner prints.
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
});
