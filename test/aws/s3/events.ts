import { putEvent } from '../events/reach.ts';
import { deliverToFunction } from '../lambda/reach.ts';
import { deliverToTopic } from '../sns/reach.ts';
import { deliver } from '../sqs/reach.ts';
import { covers, entriesOf } from './notification-shape.ts';
import type { Bucket, S3Call, Version } from './state.ts';

/** A key as it stands in events and in filters: form-encoded, `/` kept. */
export function formEncoded(key: string): string {
  return encodeURIComponent(key)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/')
    .replace(/[!'()~]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** What happened: S3's name for it, and EventBridge's reason. */
export interface Happening {
  /** `ObjectCreated:Put` */
  event: string;
  reason: string;
  deletion?: 'Permanently Deleted' | 'Delete Marker Created';
}

/** Tells queues, topics, functions and EventBridge about an object, as far as the bucket's configuration in force says so. */
export function announce(call: S3Call, bucket: Bucket, version: Version, happening: Happening): void {
  const configuration = bucket._notification.read(call.world.clock.now());
  const sequencer = nextSequencer(call);
  const key = formEncoded(version.key);
  for (const entry of entriesOf(configuration)) {
    const wanted = entry.events.some((pattern) => covers(pattern, `s3:${happening.event}`));
    if (!wanted) continue;
    if (!key.startsWith(entry.prefix) || !key.endsWith(entry.suffix)) continue;
    const record = recordOf(call, bucket, version, { ...happening, key, id: entry.id, sequencer });
    const sender = { service: 's3.amazonaws.com', sourceArn: bucket.arn, sourceAccount: bucket.owner };
    const event = { Records: [record] };
    if (entry.kind === 'function') deliverToFunction(call.world, entry.arn, sender, event);
    else if (entry.kind === 'topic') {
      deliverToTopic(call.world, entry.arn, sender, JSON.stringify(event), 'Amazon S3 Notification');
    } else deliver(call.world, entry.arn, sender, JSON.stringify(event));
  }
  if (configuration.EventBridgeConfiguration) {
    putEvent(call.world, {
      account: bucket.owner,
      region: bucket.region,
      source: 'aws.s3',
      'detail-type': happening.event.startsWith('ObjectCreated') ? 'Object Created' : 'Object Deleted',
      resources: [bucket.arn],
      detail: {
        version: '0',
        bucket: { name: bucket.name },
        object: { key: version.key, ...sizeOf(version), ...versionOf(version, 'version-id'), sequencer },
        'request-id': call.requestId,
        requester: call.account,
        'source-ip-address': '127.0.0.1',
        reason: happening.reason,
        ...(happening.deletion !== undefined && { 'deletion-type': happening.deletion }),
      },
    });
  }
}

function sizeOf(version: Version) {
  return version.deleteMarker ? {} : { size: version.body.length, etag: version.etag };
}

function versionOf(version: Version, name: string) {
  return version.versionId === 'null' ? {} : { [name]: version.versionId };
}

function recordOf(
  call: S3Call,
  bucket: Bucket,
  version: Version,
  given: Happening & { key: string; id: string; sequencer: string },
) {
  const isRemoval = given.event.startsWith('ObjectRemoved');
  return {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: bucket.region,
    eventTime: call.now().toISOString(),
    eventName: given.event,
    userIdentity: { principalId: `AWS:${call.principal.userId}` },
    requestParameters: { sourceIPAddress: '127.0.0.1' },
    responseElements: { 'x-amz-request-id': call.requestId, 'x-amz-id-2': `${call.requestId}/host` },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: given.id,
      bucket: { name: bucket.name, ownerIdentity: { principalId: bucket.owner }, arn: bucket.arn },
      object: {
        key: given.key,
        ...(!isRemoval && { size: version.body.length, eTag: version.etag }),
        ...versionOf(version, 'versionId'),
        sequencer: given.sequencer,
      },
    },
  };
}

/** Hexadecimal, growing in the order of writes; like AWS's without a fixed length. */
function nextSequencer(call: S3Call): string {
  const seconds = Math.floor(call.world.clock.now() / 1000)
    .toString(16)
    .toUpperCase();
  const count = (++call.state._sequence).toString(16).toUpperCase();
  return `00${seconds}${count.padStart(8, '0')}`;
}
