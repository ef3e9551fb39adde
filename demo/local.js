// The whole story on one machine: the real commands over the sample images, each shown as a person would type it, with
// its real output. Ends with an error when a result is not what it must be. Leaves nothing behind.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

const RUN = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const IMAGES = fileURLToPath(new URL('images', import.meta.url));

const work = mkdtempSync(join(tmpdir(), 'rekback-demo-'));
const home = join(work, 'home');
const photos = join(work, 'photos');
const { REKBACK_STACK: _, ...inherited } = process.env;
const env = { ...inherited, REKBACK_HOME: home };

/** Shows a command with its output; `exit` is the code it must end with. */
function show(line, args, exit = 0) {
  process.stdout.write(`\n$ ${line}\n`);
  const { status } = spawnSync(process.execPath, [RUN, ...args], {
    env,
    cwd: work,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  must(`exit code of: ${line}`, status, exit);
}

/** What a command says to a script. */
function json(...args) {
  const { stdout } = spawnSync(process.execPath, [RUN, ...args, '--json'], {
    env,
    cwd: work,
    encoding: 'utf8',
  });
  return JSON.parse(stdout);
}

function must(what, found, wanted) {
  if (isDeepStrictEqual(found, wanted)) return;
  throw new Error(`${what}: found ${JSON.stringify(found)}, must be ${JSON.stringify(wanted)}`);
}

const say = (text) => process.stdout.write(`\n# ${text}\n`);
const keys = (...query) => json('search', ...query).images.map(({ key }) => key);

/** Every file with its content, so that any change to the images would show. */
const contents = () =>
  readdirSync(photos, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => `${path} ${readFileSync(path, 'base64')}`);

function demo() {
  cpSync(IMAGES, photos, { recursive: true });
  // A copy is younger than two seconds, which rekback rightly would not trust to be unchanged.
  for (const entry of readdirSync(photos, { recursive: true, withFileTypes: true })) {
    utimesSync(join(entry.parentPath, entry.name), 1_700_000_000, 1_700_000_000);
  }
  const before = contents();

  say('A stack for a folder of images. Nothing is written to the folder.');
  show('rekback setup --folder photos', ['setup', '--folder', 'photos']);

  say('Label what is there. Two images are broken: exit code 3 says that some failed.');
  show('rekback backfill now', ['backfill', 'now'], 3);
  const { run } = json('backfill', 'show');
  must(
    'the ledger',
    [run.state, run.total, run.indexed, run.skipped, run.failed, run.pending],
    ['succeeded', 31, 27, { 'not-an-image': 1, format: 1 }, { empty: 1, corrupt: 1 }, 0],
  );
  must('labeler calls', run.labelCalls, 28);
  show('rekback failures list', ['failures', 'list']);
  show('rekback images list --state skipped', ['images', 'list', '--state', 'skipped']);
  show("rekback show 'broken/old scan.bmp'", ['show', 'broken/old scan.bmp']);

  say('Search.');
  show("rekback labels 'c*'", ['labels', 'c*']);
  show('rekback search dog', ['search', 'dog']);
  must('images of dogs', keys('dog'), DOGS);
  show('rekback search animals -dog --min-confidence 90', [
    'search',
    'animals',
    '-dog',
    '--min-confidence',
    '90',
  ]);
  must('animals that are no dogs', keys('animals', '-dog'), OTHER_ANIMALS);
  show("rekback search 'sea (beach OR boat)'", ['search', 'sea (beach OR boat)']);
  show('rekback search dgo', ['search', 'dgo']);

  say('Images come, move and go; catch up with it (rekback live follows by itself).');
  cpSync(join(photos, DOGS[0]), join(photos, 'animals/a copy.jpg'));
  renameSync(join(photos, DOGS[1]), join(photos, 'animals/renamed.jpg'));
  rmSync(join(photos, DOGS[2]));
  show('rekback live --once', ['live', '--once']);
  must(
    'dogs after the changes',
    keys('dog'),
    ['animals/a copy.jpg', DOGS[0], 'animals/renamed.jpg', ...DOGS.slice(3)].sort(),
  );

  say('A second backfill pays for nothing again.');
  show('rekback backfill now', ['backfill', 'now']);
  must('labeler calls of the second backfill', json('backfill', 'show').run.labelCalls, 0);

  say('The index can be made again from the archived labels.');
  const all = json('search', 'dog OR NOT dog', '--limit', '1000');
  show('rekback index rebuild', ['index', 'rebuild']);
  must('the index made again', json('search', 'dog OR NOT dog', '--limit', '1000'), all);
  show('rekback status', ['status']);

  say('Remove everything that was made. The images stay.');
  show('rekback teardown --yes', ['teardown', '--yes']);
  must('stacks that are left', json('stacks').stacks, []);
  must('files that are left', existsSync(join(home, 'stacks')), false);

  cpSync(join(photos, 'animals/renamed.jpg'), join(photos, DOGS[1]), { preserveTimestamps: true });
  cpSync(join(IMAGES, DOGS[2]), join(photos, DOGS[2]));
  rmSync(join(photos, 'animals/renamed.jpg'));
  rmSync(join(photos, 'animals/a copy.jpg'));
  must('the images, but for our own changes', isDeepStrictEqual(contents(), before), true);
}

const DOGS = [
  'animals/black dog in snow.jpg',
  'animals/cat & dog.jpg',
  'animals/dog on the beach.jpg',
  'animals/puppy.jpg',
];

const OTHER_ANIMALS = ['bird.webp', 'horse.jpg', 'kätzchen.jpg', '🐠 aquarium.png'].map(
  (name) => `animals/${name}`,
);

try {
  demo();
  process.stdout.write('\nEverything was as it must be.\n');
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
