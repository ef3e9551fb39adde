// The whole story on AWS, on this machine: the real commands, each shown as a person would type it, with its real output.
// AWS itself is the project's double; OpenSearch, the jobs and the live function are real processes (aws/account.js). Ends
// with an error when a result is not what it must be. Leaves nothing behind.
//
// node demo/aws.js [FOLDER]: of the rekback that is built in FOLDER; left out, of this one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';

const BUCKET = 'my-photos';
const BUILT = resolve(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url)));
const IMAGES = fileURLToPath(new URL('images', import.meta.url));

const work = mkdtempSync(join(tmpdir(), 'rekback-demo-'));
const children = new Set();
/** See aws/account.js; once it is started. */
let account;

function start(args, stdio) {
  const child = spawn(process.execPath, [join(BUILT, 'bin/run.js'), ...args], {
    cwd: work,
    stdio: ['ignore', ...stdio],
    env: { ...inherited(), ...account.env, REKBACK_HOME: join(work, 'home') },
  });
  children.add(child);
  child.once('close', () => children.delete(child));
  return child;
}

/** Whatever AWS and stacks this machine is set up for, the demo is not about them. */
const inherited = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AWS|REKBACK)_/.test(name)));

/** Shows a command with its output; `exit` is the code it must end with. */
async function show(line, args, exit = 0) {
  process.stdout.write(`\n$ ${line}\n`);
  const [code] = await once(start(args, ['inherit', 'inherit']), 'close');
  must(`exit code of: ${line}`, code, exit);
}

/** What a command says to a script. */
async function json(...args) {
  const child = start([...args, '--json'], ['pipe', 'inherit']);
  return JSON.parse(await text(child.stdout));
}

/** Shows what a person would type, and does it with the SDK. */
async function aws(line, command) {
  process.stdout.write(`\n$ aws ${line}\n`);
  await account.s3.send(command);
}

const put = (Key, file) =>
  new PutObjectCommand({ Bucket: BUCKET, Key, Body: readFileSync(join(IMAGES, file)) });
const upload = (key, file) => aws(`s3 cp 'demo/images/${file}' 's3://${BUCKET}/${key}'`, put(key, file));
const remove = (Key) =>
  aws(`s3 rm 's3://${BUCKET}/${Key}'`, new DeleteObjectCommand({ Bucket: BUCKET, Key }));

function must(what, found, wanted) {
  if (isDeepStrictEqual(found, wanted)) return;
  throw new Error(`${what}: found ${JSON.stringify(found)}, must be ${JSON.stringify(wanted)}`);
}

/** Looks again and again, for a minute, until it is as it must be. */
async function until(what, look, wanted) {
  const deadline = Date.now() + 60_000;
  for (let found = await look(); !isDeepStrictEqual(found, wanted); found = await look()) {
    if (Date.now() > deadline) must(`${what}, after a minute`, found, wanted);
    await wait(500);
  }
}

const say = (...lines) => process.stdout.write(`\n${lines.map((line) => `# ${line}\n`).join('')}`);
const keys = async (...query) => (await json('search', ...query)).images.map(({ key }) => key);

async function demo() {
  say(
    'AWS is a double on this machine. OpenSearch, the jobs and the live function are real; the double of Rekognition',
    'answers what photo programs wrote into the images. OpenSearch is downloaded the first time, and starts.',
  );
  const { startAccount } = await import('./aws/account.js');
  account = await startAccount(work);
  const { s3, baseImage } = account;
  await s3.send(
    new CreateBucketCommand({
      Bucket: BUCKET,
      CreateBucketConfiguration: { LocationConstraint: account.env.AWS_REGION },
    }),
  );
  const images = readdirSync(IMAGES, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(IMAGES.length + 1));
  for (const each of images) await s3.send(put(each, each));
  const before = account.everything();

  say(
    `A stack for a bucket of ${images.length} files. Here all of it is there at once; on AWS the domain takes a quarter of an hour.`,
    "The jobs' image is pushed on top of one of a small registry's; without --base-image, on top of Amazon's copy of Node's.",
  );
  const setup = ['setup', '--bucket', BUCKET, '--backfill', 'auto', '--base-image', baseImage, '--yes'];
  await show(`rekback ${setup.join(' ')}`, setup);

  say(
    "S3 delivers the bucket's inventory, which takes it up to two days. The live function starts the backfill.",
  );
  account.deliverInventory(BUCKET, `rekback-${BUCKET}-inventory`);
  await until('runs', async () => (await json('backfill', 'list')).runs.length, 1);
  await show('rekback backfill watch', ['backfill', 'watch'], 3);
  const { run } = await json('backfill', 'show');
  must(
    'the ledger',
    [run.state, run.total, run.indexed, run.skipped, run.failed, run.pending, run.labelCalls],
    ['succeeded', 31, 23, { 'not-an-image': 1, format: 5 }, { empty: 1, corrupt: 1 }, 0, 24],
  );
  const { answered, throttled } = account.labelCalls();
  must('calls that were answered', answered, run.labelCalls);
  must('throttling', throttled > 0, true);
  say(
    `Rekognition had only ${account.callsPerSecond} of its 50 calls a second left: ${throttled} were refused, at no price, and tried again.`,
  );

  say('Search.');
  await show('rekback search dog', ['search', 'dog']);
  must('images of dogs', await keys('dog'), DOGS);

  say('Images come, change and go. The live function follows.');
  await upload('new/second dog.jpg', DOGS[0]);
  await upload(DOGS[1], 'things/red car.jpg');
  await remove(DOGS[2]);
  const after = [DOGS[0], DOGS[3], 'new/second dog.jpg'];
  await until('dogs after the changes', () => keys('dog'), after);
  await show('rekback search dog', ['search', 'dog']);

  say('A second backfill pays for nothing again.');
  await show('rekback backfill now --wait --yes', ['backfill', 'now', '--wait', '--yes'], 0);
  must('labeler calls of the second backfill', (await json('backfill', 'show')).run.labelCalls, 0);
  must('images of dogs', await keys('dog'), after);

  await show('rekback status', ['status']);

  say('Remove everything that was made. The images stay.');
  await show('rekback teardown --yes', ['teardown', '--yes']);
  must('stacks that are left', (await json('stacks')).stacks, []);
  must('files that are left', existsSync(join(work, 'home/stacks')), false);

  await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'new/second dog.jpg' }));
  for (const each of DOGS) await s3.send(put(each, each));
  must('the account, but for our own changes', account.everything(), before);
  account.check();
}

const DOGS = [
  'animals/black dog in snow.jpg',
  'animals/cat & dog.jpg',
  'animals/dog on the beach.jpg',
  'animals/puppy.jpg',
];

async function end() {
  for (const child of children) child.kill();
  await account?.stop();
  rmSync(work, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

const interrupted = new Promise((_, reject) => {
  const by = (code) => () => reject(Object.assign(new Error('interrupted'), { code }));
  process.once('SIGINT', by(130)).once('SIGTERM', by(143));
});
let code = 0;
try {
  await Promise.race([demo(), interrupted]);
  process.stdout.write('\nEverything was as it must be.\n');
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${error.message}\n`);
  code = Number.isInteger(error.code) ? error.code : 1;
} finally {
  await end();
}
process.exit(code);
