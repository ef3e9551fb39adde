import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['test/**/*.test.ts'],
    // oclif writes through the console; vitest's own interception would swallow it.
    disableConsoleIntercept: true,
    testTimeout: 30_000,
  },
});
