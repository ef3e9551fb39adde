import type { Service } from '../kernel/operation.ts';
import { bucketOperations } from './buckets.ts';
import { configurationOperations } from './configuration.ts';
import { inventoryOperations } from './inventory.ts';
import { listingOperations } from './listing.ts';
import { notificationOperations } from './notification.ts';
import { objectWriteOperations } from './object-writes.ts';
import { objectOperations } from './objects.ts';
import { accessDenied, type S3State, s3Error } from './state.ts';

export const s3: Service<S3State> = {
  id: 's3',
  signedAs: ['s3'],
  wires: ['rest-xml'],
  xmlns: 'http://s3.amazonaws.com/doc/2006-03-01/',
  reach: 'world',
  empty: () => ({ buckets: new Map(), _destinations: new Set(), _sequence: 0 }),
  tagged: ({ buckets }, account, region) =>
    [...buckets.values()]
      .filter((bucket) => bucket.owner === account && bucket.region === region)
      .map(({ arn, tags }) => ({ arn, type: 's3:bucket', tags })),
  operations: [
    ...bucketOperations,
    ...configurationOperations,
    ...objectOperations,
    ...objectWriteOperations,
    ...listingOperations,
    ...inventoryOperations,
    ...notificationOperations,
  ],
  invalid: ({ kind, path, message }) =>
    kind === 'length' || kind === 'range'
      ? s3Error('InvalidArgument', 400, message, { ArgumentName: path })
      : s3Error(
          'MalformedXML',
          400,
          `The XML you provided was not well-formed or did not validate against our published schema (${message})`,
        ),
  denied: (message) => accessDenied(message),
  throttled: () => s3Error('SlowDown', 503, 'Please reduce your request rate.'),
};
