import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeWith, lookFor } from '../requires.ts';
import { preparePython } from './venv.ts';

const CHECK = 'import boto3, botocore, moto, parliament; print(moto.__version__, parliament.__version__)';

describeWith('the Python of the outside checks', await lookFor(preparePython), (python) => {
  test('has what requirements.txt names', async () => {
    const { stdout } = await promisify(execFile)(python.program('python'), ['-c', CHECK]);
    expect(stdout).toBe('5.2.5 1.6.4\n');
  });

  test('is the same for everyone who asks', async () => {
    const [again, once] = await Promise.all([preparePython(), preparePython()]);
    expect([again.program('x'), once.program('x')]).toEqual([python.program('x'), python.program('x')]);
  });

  test('tells why a script failed', async () => {
    await expect(python.run('no-such-script.py', '')).rejects.toThrow(/ended with 2:[\s\S]*no-such-script/);
  });
});

test('without Python it says so', async () => {
  const path = process.env.PATH;
  process.env.PATH = '';
  try {
    expect(await lookFor(preparePython)).toEqual({ missing: 'skipped: no Python (python3 with venv)' });
  } finally {
    process.env.PATH = path;
  }
});
