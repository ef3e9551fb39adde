import { openMemoryImages } from '../../../src/adapters/memory/images.ts';
import { imageStoreContract } from '../../contracts/image-store.ts';

imageStoreContract('memory', async () => {
  const store = openMemoryImages();
  return { store, put: store.put, remove: store.remove };
});
