#!/usr/bin/env node
// Older Nodes must be able to read this file, so: no import statement, no top-level await.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Error: rekback needs Node 20.19 or newer, and this is Node ${process.versions.node}`);
  process.exit(1);
}
void import('../dist/terminal/main.js').then(({ main }) => main(process.argv.slice(2)));
