// Bundles what runs on AWS, everything it imports included, into dist/bundle. Runs after the compiler.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const at = (path) => fileURLToPath(new URL(`../dist/${path}`, import.meta.url));

const { metafile } = await build({
  entryPoints: [at('entry/index.js')],
  outfile: at('bundle/index.mjs'),
  bundle: true,
  minify: true,
  platform: 'node',
  // AWS runs it on Node 24; checks also on what is here.
  target: 'node20',
  format: 'esm',
  // Packages' ES modules: of CommonJS nothing can be left out, which makes it a third larger.
  mainFields: ['module', 'main'],
  // Some CommonJS is left, which asks for Node's own modules by `require`.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  metafile: true,
  logLevel: 'warning',
});
// What is in it, for a test; not part of the package.
await writeFile(at('bundle/meta.json'), JSON.stringify(metafile));
