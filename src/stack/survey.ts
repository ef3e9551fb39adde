import type { SkipReason } from '../runtime/contract.ts';
import type { ImageStore, Labeler, ListedImage } from '../runtime/ports.ts';
import type { ImagesOfClass } from '../runtime/price.ts';
import type { Report } from '../runtime/progress.ts';
import { skipReason } from '../runtime/run/select.ts';

export interface Amount {
  objects: number;
  bytes: number;
}

/** Why no call is made: what a run counts as skipped, and the failures that are known from the size alone. */
export type NoCall = SkipReason | 'empty' | 'too-large';

/** What a labeler would do with everything that was listed. */
export interface Survey {
  /** All that was seen. */
  seen: Amount;
  /** Worth a call each. */
  images: Amount;
  withoutCall: Partial<Record<NoCall, Amount>>;
  /** Of the images; those without a class, as those of a folder, count as STANDARD. */
  classes: ImagesOfClass[];
}

export interface Surveyor {
  add(row: ListedImage): void;
  result(): Survey;
}

/** Counts what one labeler would do. Memory does not grow with the number of rows. */
export function createSurvey(labeler: Pick<Labeler, 'formats' | 'maxBytes'>): Surveyor {
  const seen = { objects: 0, bytes: 0 };
  const images = { objects: 0, bytes: 0 };
  const withoutCall: Survey['withoutCall'] = {};
  const classes = new Map<string, ImagesOfClass>();
  return {
    add(row) {
      const { size = 0, storageClass = 'STANDARD' } = row;
      more(seen, size);
      const reason = noCall(row, labeler);
      if (reason !== undefined) {
        withoutCall[reason] ??= { objects: 0, bytes: 0 };
        more(withoutCall[reason], size);
        return;
      }
      more(images, size);
      const ofClass = classes.get(storageClass) ?? { storageClass, images: 0, bytes: 0 };
      ofClass.images++;
      ofClass.bytes += size;
      classes.set(storageClass, ofClass);
    },
    result: () => ({ seen, images, withoutCall, classes: [...classes.values()] }),
  };
}

/** Shows everything that is listed to the surveyors, once. Throws what the listing throws. */
export async function survey(
  images: ImageStore,
  surveyors: readonly Surveyor[],
  { prefix, report, signal }: { prefix: string | undefined; report: Report; signal: AbortSignal },
): Promise<void> {
  let objects = 0;
  for await (const batch of images.list({ signal, ...(prefix !== undefined && { prefix }) })) {
    for (const row of batch) for (const { add } of surveyors) add(row);
    objects += batch.length;
    report({ event: 'listing', objects });
  }
  report({ event: 'listed', objects });
}

const more = (amount: Amount, bytes: number): void => {
  amount.objects++;
  amount.bytes += bytes;
};

function noCall(
  row: ListedImage,
  { formats, maxBytes }: Pick<Labeler, 'formats' | 'maxBytes'>,
): NoCall | undefined {
  const reason = skipReason(row, formats);
  if (reason !== undefined || row.size === undefined) return reason;
  if (row.size === 0) return 'empty';
  return row.size > maxBytes ? 'too-large' : undefined;
}
