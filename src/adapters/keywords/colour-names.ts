/** The eleven basic colour terms of English (Berlin and Kay), and two that photos are full of: skies' and sand's. */
export const COLOUR_NAMES = [
  'Red',
  'Orange',
  'Yellow',
  'Green',
  'Cyan',
  'Blue',
  'Purple',
  'Pink',
  'Brown',
  'Beige',
  'Black',
  'White',
  'Gray',
] as const;

export type ColourName = (typeof COLOUR_NAMES)[number];

/**
 * What a person would call an sRGB colour (0–255 each). Decided in OKLCH, where equal steps look equal and a hue keeps its
 * angle from dark to light; the borders are set so that CSS's named colours get the name they carry.
 */
export function colourName(red: number, green: number, blue: number): ColourName {
  const { lightness, chroma, hue } = oklch(red, green, blue);
  if (lightness < 0.2 && chroma < 0.1) return 'Black';
  if (chroma < 0.036) return achromaticName(lightness, chroma, hue);
  if (hue >= 345 || hue < 40) return reddishName(lightness, chroma, hue);
  if (hue < 76) return orangeishName(lightness, chroma);
  if (hue < 112) return yellowishName(lightness, chroma, hue);
  if (hue < 166) return 'Green';
  if (hue < 212) return 'Cyan';
  if (hue < 285) return 'Blue';
  return hue >= 315 && lightness > 0.65 ? 'Pink' : 'Purple';
}

function achromaticName(lightness: number, chroma: number, hue: number): ColourName {
  if (lightness < 0.3) return 'Black';
  if (lightness > 0.8 && chroma > 0.02 && hue > 50 && hue < 112) return 'Beige';
  return lightness > 0.92 ? 'White' : 'Gray';
}

function reddishName(lightness: number, chroma: number, hue: number): ColourName {
  if (hue >= 345 || hue < 10) {
    if (lightness > 0.6) return 'Pink';
    if (hue >= 345 && hue < 355) return lightness > 0.5 ? 'Pink' : 'Purple';
    return 'Red';
  }
  if (lightness > 0.7 && chroma < 0.16) return 'Pink';
  return chroma < 0.12 && lightness < 0.65 ? 'Brown' : 'Red';
}

function orangeishName(lightness: number, chroma: number): ColourName {
  if (lightness > 0.76 && chroma < 0.09) return 'Beige';
  return lightness < 0.64 || chroma < 0.11 ? 'Brown' : 'Orange';
}

function yellowishName(lightness: number, chroma: number, hue: number): ColourName {
  if (lightness > 0.76 && chroma < 0.09) return 'Beige';
  if (lightness > 0.7 && chroma >= 0.09) return 'Yellow';
  return hue < 100 ? 'Brown' : 'Green';
}

/** Björn Ottosson's OKLab (2020, bottosson.github.io/posts/oklab) in polar form; hue in degrees, 0–360. */
function oklch(red: number, green: number, blue: number) {
  const r = linear(red);
  const g = linear(green);
  const b = linear(blue);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const c = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  return {
    lightness: 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    chroma: Math.hypot(a, c),
    hue: ((Math.atan2(c, a) * 180) / Math.PI + 360) % 360,
  };
}

/** The sRGB transfer function (IEC 61966-2-1), undone. */
function linear(value: number): number {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}
