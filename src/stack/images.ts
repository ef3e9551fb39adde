import type { ListedState } from '../runtime/run/images.ts';
import type { Stack } from './stack.ts';

export interface PageRequest {
  state: ListedState['state'];
  reason: string | undefined;
  prefix: string | undefined;
  limit: number;
  /** `next` of the page before. */
  after: number;
}

export interface ImagePage {
  images: ListedState[];
  /** Where the next page begins; null when this was the last. */
  next: number | null;
}

/** One page of the images in a state. */
export async function pageImages(stack: Stack, request: PageRequest): Promise<ImagePage> {
  const { state, reason, prefix, limit, after } = request;
  const { listImages } = await import('../runtime/run/images.ts');
  const index = await stack.indexReader();
  const images: ListedState[] = [];
  let position = 0;
  let next: number | null = null;
  const options = {
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(prefix === undefined ? {} : { prefix }),
  };
  for await (const image of listImages(await stack.objects(), index, options)) {
    if (images.length === limit) {
      next = position;
      break;
    }
    if (position++ >= after) images.push(image);
  }
  await index.close();
  return { images, next };
}
