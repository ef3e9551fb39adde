import { defineConfig } from 'vitest/config';

const report = process.env.REKBACK_TEST_REPORT;
/** Looks at what all other suites sent: see test/outside/botocore. */
const record = 'test/outside/botocore/record.test.ts';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    // oclif writes through the console; vitest's own interception would swallow it.
    disableConsoleIntercept: true,
    testTimeout: 30_000,
    // .ci/run counts from a report, beside what the runner prints.
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    projects: [
      {
        extends: true,
        test: {
          name: 'suites',
          include: ['test/**/*.test.ts'],
          exclude: [record],
          globalSetup: ['test/outside/botocore/global-setup.ts', 'test/outside/opensearch/global-setup.ts'],
          setupFiles: 'test/outside/botocore/setup.ts',
        },
      },
      { extends: true, test: { name: 'record', include: [record], sequence: { groupOrder: 1 } } },
    ],
  },
});
