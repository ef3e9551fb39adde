import type { ListedImage } from '../ports.ts';

/** A row as planning reads it: an image with what decides whether it can be labelled, and is then forgotten. */
export interface Row extends ListedImage {
  /** `IntelligentTieringAccessTier` of an inventory. */
  accessTier?: string;
  /** `EncryptionStatus` of an inventory. */
  encryption?: string;
}

/** Rows still in the bytes of an S3 inventory (CSV): planning copies them without decoding. */
export interface InventoryRows {
  kind: 'csv';
  /** Every row must name it. */
  bucket: string;
  /** The columns of every file, in order, in the inventory's own names. */
  columns: readonly string[];
  files: readonly {
    /** For messages: where the file is. */
    name: string;
    /**
     * The uncompressed bytes; a piece is valid until the next one is asked for. Throws a `RekbackError` at the end when
     * the file was not the whole one.
     */
    read(): AsyncIterable<Buffer>;
  }[];
}

/** Rows that had to be decoded to be read: a listing, a Parquet file, a hand-made list. */
export interface ImageRows {
  kind: 'images';
  read(signal: AbortSignal): AsyncIterable<readonly Row[]>;
  /** A list that a person made may name an image twice. */
  mayRepeat?: boolean;
}

export type RowSource = InventoryRows | ImageRows;

/** Rows handed on at once by readers that decode. */
export const ROW_BATCH = 5_000;
