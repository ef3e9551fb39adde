/** Sizes by family, as the API model has them. */
const FAMILIES: Readonly<Record<string, string>> = {
  m3: 'medium large xlarge 2xlarge',
  m4: 'large xlarge 2xlarge 4xlarge 10xlarge',
  m5: 'large xlarge 2xlarge 4xlarge 12xlarge 24xlarge',
  m6g: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge',
  r3: 'large xlarge 2xlarge 4xlarge 8xlarge',
  r4: 'large xlarge 2xlarge 4xlarge 8xlarge 16xlarge',
  r5: 'large xlarge 2xlarge 4xlarge 12xlarge 24xlarge',
  r6g: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge',
  r6gd: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge',
  c4: 'large xlarge 2xlarge 4xlarge 8xlarge',
  c5: 'large xlarge 2xlarge 4xlarge 9xlarge 18xlarge',
  c6g: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge',
  t2: 'micro small medium',
  t3: 'nano micro small medium large xlarge 2xlarge',
  t4g: 'small medium',
  or1: 'medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge',
  i2: 'xlarge 2xlarge',
  i3: 'large xlarge 2xlarge 4xlarge 8xlarge 16xlarge',
  d2: 'xlarge 2xlarge 4xlarge 8xlarge',
};

export const WARM_TYPES = ['ultrawarm1.medium.search', 'ultrawarm1.large.search', 'ultrawarm1.xlarge.search'];

export const INSTANCE_TYPES = [
  ...Object.entries(FAMILIES).flatMap(([family, sizes]) =>
    sizes.split(' ').map((size) => `${family}.${size}.search`),
  ),
  ...WARM_TYPES,
];

/** `t3` of `t3.small.search`. */
function familyOf(type: string): string {
  return type.split('.')[0] ?? '';
}

/** Burstable types: fewer instances, no Auto-Tune, no standby. */
export function isBurstable(type: string): boolean {
  return familyOf(type).startsWith('t');
}

/** Types with disks of their own, which take no EBS volumes. */
export function hasOwnDisks(type: string): boolean {
  return ['r6gd', 'i2', 'i3', 'd2'].includes(familyOf(type));
}

/** Types that can be with or without a volume. */
export function mayHaveVolume(type: string): boolean {
  return ['m3', 'r3'].includes(familyOf(type));
}

/** Types that can be neither encrypted nor have fine-grained access control. */
export function isWithoutEncryption(type: string): boolean {
  return ['t2', 'm3', 'r3'].includes(familyOf(type));
}

/** Data nodes that a domain can have. */
export function maximumCount(type: string): number {
  return isBurstable(type) ? 10 : 80;
}

/** Largest gp2 volumes in GiB by size, of memory- and of general-purpose families; gp3 allows twice as much. */
const VOLUMES: Readonly<Record<string, { memory: number; general: number; compute: number }>> = {
  medium: { memory: 512, general: 100, compute: 100 },
  large: { memory: 1024, general: 512, compute: 256 },
  xlarge: { memory: 1536, general: 1024, compute: 512 },
  '2xlarge': { memory: 3072, general: 1536, compute: 1024 },
  '4xlarge': { memory: 6144, general: 3072, compute: 1536 },
  '8xlarge': { memory: 8192, general: 6144, compute: 3072 },
};
const LARGEST = { memory: 12_288, general: 9216, compute: 4608 };
const SMALL: Readonly<Record<string, number>> = {
  't2.micro': 35,
  't2.small': 35,
  't2.medium': 35,
  't3.nano': 100,
  't3.micro': 100,
  't3.small': 100,
  't3.medium': 200,
  't4g.small': 100,
  't4g.medium': 200,
};

/** Volume sizes that a type can have, in GiB. From memory of the quotas page: right for the types that the project uses. */
export function volumeLimits(type: string, volumeType: string): { min: number; max: number } {
  const [family = '', size = ''] = type.split('.');
  const small = SMALL[`${family}.${size}`];
  if (small !== undefined) return { min: 10, max: small };
  const kind = /^(r|or)/.test(family) ? 'memory' : family.startsWith('c') ? 'compute' : 'general';
  const max = (VOLUMES[size] ?? LARGEST)[kind];
  if (volumeType === 'standard') return { min: 10, max: 100 };
  return { min: 10, max: volumeType === 'gp3' && kind !== 'compute' ? 2 * max : max };
}
