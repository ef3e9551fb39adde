/** A file of rows, read from its start or in slices. */
export interface InventoryFile {
  /** For messages: its path or address. */
  name: string;
  /** Bytes. */
  size: number;
  stream(): AsyncIterable<Buffer>;
  /** Bytes `[start, end)`; fewer where the file ends before. */
  slice(start: number, end: number): Promise<Buffer>;
}

/** Where an operator's file and the files that it names are: a disk, or S3. */
export interface InventoryFiles {
  /** A file by its path or key. Throws a `RekbackError`: `file-missing`, `not-a-file`, `file-unreadable`. */
  open(name: string): Promise<InventoryFile>;
  /** A data file by the key that a manifest gives it. Throws like `open`. */
  openListed(manifest: string, key: string): Promise<InventoryFile>;
}

/** The whole of a small file. */
export const readWhole = (file: InventoryFile): Promise<Buffer> => file.slice(0, file.size);
