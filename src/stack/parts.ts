import type { Clients } from '../aws/clients.ts';
import { RekbackError } from '../runtime/errors.ts';
import type { ImageStore, Labeler } from '../runtime/ports.ts';
import type { LocalRecord } from './record.ts';

/** What a local stack reads images from and labels them with. */
export interface Parts {
  /** What `bucket` means in its documents. */
  bucket: string;
  images(): Promise<ImageStore>;
  labeler(): Promise<Labeler>;
}

/** Each is loaded when it is asked for; nothing is called by that. */
export function partsOf(record: LocalRecord): Parts {
  const { images, labeler } = record.adapters;
  const { 'label-floor': labelFloor, 'max-labels': maxLabels } = record.settings;
  let made: Promise<Clients> | undefined;
  const clients = () => {
    made ??= import('../aws/clients.ts').then(({ createClients }) => createClients(callsOf(record)));
    return made;
  };
  const place = () => ({
    bucket: images.adapter === 's3' ? images.bucket : '',
    region: callsOf(record).region,
  });
  return {
    bucket: images.adapter === 'folder' ? images.root : images.bucket,
    async images() {
      if (images.adapter === 'folder')
        return (await import('../adapters/folder/images.ts')).openFolderImages(images.root);
      return (await import('../adapters/s3/images.ts')).openS3Images(await clients(), place());
    },
    async labeler() {
      if (labeler.adapter === 'keywords') {
        const { createKeywordsLabeler } = await import('../adapters/keywords/labeler.ts');
        return createKeywordsLabeler({ labelFloor, maxLabels });
      }
      const { createRekognitionLabeler } = await import('../adapters/rekognition/labeler.ts');
      const source =
        images.adapter === 'folder'
          ? (await import('../adapters/rekognition/from-bytes.ts')).bytesSource
          : (await import('../adapters/rekognition/from-s3.ts')).objectSource(await clients(), place());
      const callsPerSecond = async () => {
        const { backfillCalls } = await import('../aws/quotas.ts');
        return (await backfillCalls(await clients())).perSecond;
      };
      return createRekognitionLabeler({
        clients: await clients(),
        source,
        callsPerSecond,
        labelFloor,
        maxLabels,
      });
    },
  };
}

function callsOf({ name, calls }: LocalRecord) {
  if (calls !== undefined) return calls;
  throw new RekbackError('stack-damaged', `the record of stack '${name}' does not say where AWS is called`);
}
