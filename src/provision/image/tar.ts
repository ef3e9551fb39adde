/** A file as everybody may read it, and root alone could write it. */
export interface TarFile {
  /** Without a slash at its beginning; 100 bytes at most. */
  path: string;
  content: Uint8Array;
}

const BLOCK = 512;

/**
 * An archive that is the same bytes for the same files: no times, no owners of this machine. In the form that every tar
 * reads, ustar: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 *
 * @param folder - in which the files are; gets an entry of its own
 */
export function packTar(folder: string, files: readonly TarFile[]): Uint8Array {
  const blocks: Uint8Array[] = [header({ path: `${folder}/`, size: 0, mode: 0o755, type: '5' })];
  for (const { path, content } of files) {
    blocks.push(
      header({ path: `${folder}/${path}`, size: content.length, mode: 0o444, type: '0' }),
      content,
      new Uint8Array(-content.length & (BLOCK - 1)),
    );
  }
  return Buffer.concat([...blocks, new Uint8Array(2 * BLOCK)]);
}

interface Entry {
  path: string;
  size: number;
  mode: number;
  /** `0`: a file; `5`: a folder. */
  type: string;
}

function header({ path, size, mode, type }: Entry): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, length: number) =>
    block.write(value.toString(8).padStart(length - 1, '0'), offset, 'latin1');
  block.write(path, 0, 100);
  octal(mode, 100, 8);
  octal(0, 108, 8); // uid
  octal(0, 116, 8); // gid
  octal(size, 124, 12);
  octal(0, 136, 12); // mtime
  block.write(' '.repeat(8), 148, 'latin1'); // The checksum is summed up as blanks.
  block.write(type, 156, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
