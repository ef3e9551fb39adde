import { join } from 'node:path';

/** The project's folder. */
export const ROOT = join(import.meta.dirname, '../..');

/** The CLI as it is shipped. */
export const RUN = join(ROOT, 'bin/run.js');

/** The sources as single modules. */
export const MODULES = join(ROOT, 'dist');
