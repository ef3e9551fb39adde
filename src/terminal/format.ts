const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

/** `1,234,567`; at most one decimal. */
export function formatCount(value: number): string {
  // Intl.NumberFormat costs a tenth of the start of a command.
  const [whole = '', fraction] = String(Math.round(value * 10) / 10).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** `0.4/s`, `1,530/s`: a decimal only where it tells something. */
export function formatRate(perSecond: number): string {
  return `${formatCount(perSecond < 10 ? perSecond : Math.round(perSecond))}/s`;
}

/** `1 image`, `1,200 images`. `plural` is for nouns that don't take an s. */
export function formatCounted(value: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(value)} ${value === 1 ? singular : plural}`;
}

/** Decimal units, as S3 and disks count: `999 B`, `1.5 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.95 would be shown as 1,000.
  while (value >= 999.95 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${formatCount(value)} ${BYTE_UNITS[unit]}`;
}

/** The two largest units of a length in milliseconds: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `4 d 6 h`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 9_950) return `${formatCount(milliseconds / 1000)} s`;
  const seconds = Math.round(milliseconds / 1000);
  const parts: [amount: number, unit: string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${formatCount(amount)} ${unit}`)
    .join(' ');
}

/** Epoch milliseconds as `2026-11-23 14:05`, in the time zone of this machine. */
export function formatDate(epochMilliseconds: number): string {
  const date = new Date(epochMilliseconds);
  const two = (part: number) => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** `$12.30`; cents are kept, and what is less than a cent is not shown as nothing. */
export function formatDollars(dollars: number): string {
  if (dollars > 0 && dollars < 0.01) return '< $0.01';
  const [whole = '', cents = ''] = dollars.toFixed(2).split('.');
  return `$${formatCount(Number(whole))}.${cents}`;
}
