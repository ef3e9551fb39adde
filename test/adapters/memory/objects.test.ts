import { openMemoryObjects } from '../../../src/adapters/memory/objects.ts';
import { objectStoreContract } from '../../contracts/object-store.ts';

objectStoreContract('memory', async () => openMemoryObjects());
