import type { SkipReason } from '../contract.ts';
import type { Row } from '../rows/source.ts';

/** Extensions that people keep images under; a labeler that can't read one skips it as `format`. */
const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set(
  (
    'apng arw avif bmp cr2 cr3 dib dng emf exr gif hdr heic heif hif ico j2k jfif jp2 jpe jpeg jpf jpg jpm jpx jxl ' +
    'jxr nef nrw orf pbm pcx pef pgm png pnm ppm psb psd raf raw rw2 srw svg svgz tga tif tiff wdp webp wmf x3f'
  )
    .split(' ')
    .map((name) => `.${name}`),
);

/** The extension of a key's last part, in lower case and with the dot; '' where it has none. */
export function extensionOf(key: string): string {
  const dot = key.lastIndexOf('.');
  return dot > key.lastIndexOf('/') ? key.slice(dot).toLowerCase() : '';
}

/** Why a file of this extension is not labelled; `undefined` when it is. */
export function extensionReason(extension: string, formats: ReadonlySet<string>): SkipReason | undefined {
  if (formats.has(extension)) return undefined;
  return IMAGE_EXTENSIONS.has(extension) ? 'format' : 'not-an-image';
}

/** Extensions that have a verdict of their own. */
export const knownExtensions = (formats: ReadonlySet<string>): ReadonlySet<string> =>
  new Set([...IMAGE_EXTENSIONS, ...formats]);

/**
 * Objects that must be restored before they can be read: GetObject answers InvalidObjectState for these classes and
 * Intelligent-Tiering tiers, and not for GLACIER_IR (S3 User Guide, restoring-objects).
 */
export const isArchived = (storageClass = '', accessTier = ''): boolean =>
  storageClass === 'GLACIER' ||
  storageClass === 'DEEP_ARCHIVE' ||
  accessTier === 'ARCHIVE_ACCESS' ||
  accessTier === 'DEEP_ARCHIVE_ACCESS';

/** Encrypted with a key that only its owner has: no one else can read the object. */
export const isCustomerEncrypted = (encryption = ''): boolean => encryption === 'SSE-C';

/** Reasons that a listing may give. */
const LISTED: ReadonlySet<string> = new Set<SkipReason>(['name-not-utf8', 'symlink', 'unreadable-folder']);

const isListed = (skip: string): skip is SkipReason => LISTED.has(skip);

/**
 * Why a row is set aside without looking at its image; `undefined` for one that is worth a look. What a listing
 * could not read for a reason of its own counts as `unreadable-folder`.
 */
export function skipReason(row: Row, formats: ReadonlySet<string>): SkipReason | undefined {
  if (row.skip !== undefined) return isListed(row.skip) ? row.skip : 'unreadable-folder';
  const byExtension = extensionReason(extensionOf(row.key), formats);
  if (byExtension !== undefined) return byExtension;
  if (isArchived(row.storageClass, row.accessTier)) return 'archived';
  return isCustomerEncrypted(row.encryption) ? 'sse-c' : undefined;
}
