import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { strToU8, zipSync } from 'fflate';

/** The live function's code as Lambda takes it. */
export interface FunctionCode {
  zip: Uint8Array;
  /** As Lambda gives it back: Base64 of the zip's SHA-256. */
  sha256: string;
}

/** The build puts it beside the compiled sources, everything that it imports included. */
const BUNDLE = new URL('../../bundle/index.mjs', import.meta.url);

let code: Promise<FunctionCode> | undefined;

/** The same bundle makes the same bytes on every machine, so that code is uploaded only where it differs. */
export function functionCode(): Promise<FunctionCode> {
  code ??= readFile(BUNDLE, 'utf8').then(packCode);
  return code;
}

/** @param bundle - one module of JavaScript */
export function packCode(bundle: string): FunctionCode {
  // The oldest time that a zip can hold: a real one would make each build another.
  const mtime = new Date(1980, 0, 1);
  const zip = zipSync({ 'index.mjs': [strToU8(bundle), { mtime }] }, { level: 9 });
  return { zip, sha256: createHash('sha256').update(zip).digest('base64') };
}
