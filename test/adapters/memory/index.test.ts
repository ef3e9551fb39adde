import { openMemoryIndex } from '../../../src/adapters/memory/index.ts';
import { indexContract } from '../../contracts/index.ts';

indexContract('memory', async () => {
  const index = openMemoryIndex({ bucket: 'photos' });
  return { writer: index, reader: index };
});
