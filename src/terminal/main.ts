import { fileURLToPath } from 'node:url';
import { run } from '@oclif/core/run';
import { settings } from '@oclif/core/settings';
import { flushOutput, guardOutput, keepStdoutForJson } from './output.ts';

/** The package's folder, with package.json and the command manifest. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Runs one command line and ends the process with its exit code, after everything printed has arrived. The only place
 * that prints errors and ends the process: whatever is thrown comes here, before, in and after a command.
 */
export async function main(argv: string[]): Promise<void> {
  const passThrough = argv.indexOf('--');
  const own = passThrough === -1 ? argv : argv.slice(0, passThrough);
  const output = { json: own.includes('--json'), verbose: own.includes('--verbose') };
  guardOutput();
  if (output.json) keepStdoutForJson();

  const end = async (exitCode: number | string | undefined) => {
    await flushOutput();
    process.exit(exitCode);
  };
  const fail = async (error: unknown) => {
    const { reportError } = await import('./errors.ts');
    await end(reportError(error, output));
  };
  process.on('uncaughtException', (error) => void fail(error));
  // Without this, a promise that nobody settles would end the process with 0 and no output.
  process.once('beforeExit', () => void fail(new Error('the command stopped without a result')));
  // Under NODE_ENV=development or test, oclif would look for our TypeScript and warn that it isn't there.
  settings.enableAutoTranspile = false;
  try {
    await run(argv, { root: ROOT });
    await end(process.exitCode);
  } catch (error) {
    await fail(error);
  }
}
