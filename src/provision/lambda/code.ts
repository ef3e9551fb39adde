import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { strToU8, zipSync } from 'fflate';

/** What runs on AWS, as it is and as Lambda takes it. */
export interface FunctionCode {
  /** One module of JavaScript, which the jobs' image has too. */
  module: string;
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

/** @param module - of JavaScript */
export function packCode(module: string): FunctionCode {
  // The oldest time that a zip can hold: a real one would make each build another.
  const mtime = new Date(1980, 0, 1);
  const zip = zipSync({ 'index.mjs': [strToU8(module), { mtime }] }, { level: 9 });
  return { module, zip, sha256: createHash('sha256').update(zip).digest('base64') };
}
