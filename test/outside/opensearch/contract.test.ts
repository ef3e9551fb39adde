import { indexContract } from '../../contracts/index.ts';
import { describeOnNodes } from './node.ts';
import { openTestIndex } from './open.ts';

await describeOnNodes('the index contract', (endpoint) => {
  indexContract('opensearch', () => openTestIndex(endpoint));
});
