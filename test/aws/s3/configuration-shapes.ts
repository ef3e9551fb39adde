import { bool, int, list, need, num, type Shape, str, struct, tag, time } from '../kernel/shape.ts';
import { s3Error } from './state.ts';

type Value<S> = S extends Shape<infer T> ? T : never;

export const publicAccessBlock = struct({
  BlockPublicAcls: bool(),
  IgnorePublicAcls: bool(),
  BlockPublicPolicy: bool(),
  RestrictPublicBuckets: bool(),
});

export const versioning = struct({
  Status: str({ oneOf: ['Enabled', 'Suspended'] }),
  MfaDelete: str({ oneOf: ['Enabled', 'Disabled'] }),
});

export const ownershipControls = struct({
  Rule: need(
    list(
      struct({
        ObjectOwnership: need(
          str({ oneOf: ['BucketOwnerPreferred', 'ObjectWriter', 'BucketOwnerEnforced'] }),
        ),
      }),
      {
        flat: true,
        min: 1,
        max: 1,
      },
    ),
  ),
});

const encryptionShape = struct({
  Rule: need(
    list(
      struct({
        ApplyServerSideEncryptionByDefault: struct({
          SSEAlgorithm: need(str({ oneOf: ['AES256', 'aws:kms', 'aws:kms:dsse'] })),
          KMSMasterKeyID: str(),
        }),
        BucketKeyEnabled: bool(),
        BlockedEncryptionTypes: struct({
          EncryptionType: list(str({ oneOf: ['NONE', 'SSE-C'] }), { flat: true }),
        }),
      }),
      { flat: true, min: 1, max: 1 },
    ),
  ),
});

export const encryption = {
  shape: encryptionShape,
  check({ Rule: rules }: Value<typeof encryptionShape>) {
    const { SSEAlgorithm: algorithm, KMSMasterKeyID: key } =
      rules[0]?.ApplyServerSideEncryptionByDefault ?? {};
    if (algorithm === 'AES256' && key !== undefined) {
      throw s3Error(
        'InvalidArgument',
        400,
        'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
      );
    }
  },
};

const transition = {
  StorageClass: str({
    oneOf: ['GLACIER', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'DEEP_ARCHIVE', 'GLACIER_IR'],
  }),
};
const sizes = { ObjectSizeGreaterThan: num({ min: 0 }), ObjectSizeLessThan: num({ min: 1 }) };
const lifecycleShape = struct({
  Rule: need(
    list(
      struct({
        ID: str({ max: 255 }),
        Prefix: str(),
        Filter: struct({
          Prefix: str(),
          Tag: tag(),
          ...sizes,
          And: struct({ Prefix: str(), Tag: list(tag(), { flat: true }), ...sizes }),
        }),
        Status: need(str({ oneOf: ['Enabled', 'Disabled'] })),
        Expiration: struct({ Date: time(), Days: int(1), ExpiredObjectDeleteMarker: bool() }),
        Transition: list(struct({ Date: time(), Days: int(0), ...transition }), { flat: true }),
        NoncurrentVersionTransition: list(
          struct({ NoncurrentDays: int(0), NewerNoncurrentVersions: int(1), ...transition }),
          { flat: true },
        ),
        NoncurrentVersionExpiration: struct({ NoncurrentDays: int(1), NewerNoncurrentVersions: int(1, 100) }),
        AbortIncompleteMultipartUpload: struct({ DaysAfterInitiation: int(1) }),
      }),
      { flat: true, min: 1, max: 1000 },
    ),
  ),
});

export const lifecycle = {
  shape: lifecycleShape,
  check({ Rule: rules }: Value<typeof lifecycleShape>) {
    const ids = rules.flatMap((rule) => rule.ID ?? []);
    if (new Set(ids).size !== ids.length) {
      throw s3Error('InvalidArgument', 400, 'Rule ID must be unique. Found same ID for more than one rule');
    }
    for (const rule of rules) {
      const actions = [
        rule.Expiration,
        rule.Transition,
        rule.NoncurrentVersionExpiration,
        rule.NoncurrentVersionTransition,
        rule.AbortIncompleteMultipartUpload,
      ];
      if (actions.every((action) => action === undefined)) {
        throw s3Error('InvalidRequest', 400, 'At least one action needs to be specified in a rule');
      }
      if ((rule.Filter === undefined) === (rule.Prefix === undefined)) {
        throw s3Error(
          'MalformedXML',
          400,
          'The XML you provided was not well-formed or did not validate against our published schema',
        );
      }
      if (rule.Filter && Object.keys(rule.Filter).length > 1) {
        throw s3Error(
          'MalformedXML',
          400,
          'The XML you provided was not well-formed or did not validate against our published schema',
        );
      }
    }
  },
};
