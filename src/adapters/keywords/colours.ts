import type { DetectedLabel } from '../../runtime/contract.ts';
import { COLOUR_NAMES, colourName } from './colour-names.ts';

/** Small enough to cost nothing, large enough that a share of one percent is 41 pixels. */
export const RASTER_SIDE = 64;

/** Colours are told apart in steps of 8 per channel, so that a colour has to be named only once per process. */
const STEP_BITS = 3;
const LEVEL_BITS = 8 - STEP_BITS;
const HALF_STEP = 1 << (STEP_BITS - 1);

/** For each quantised colour the position of its name, plus one; 0: not asked for yet. */
const named = new Uint8Array(1 << (3 * LEVEL_BITS));

function namePosition(red: number, green: number, blue: number): number {
  const [r, g, b] = [red >> STEP_BITS, green >> STEP_BITS, blue >> STEP_BITS];
  const at = (r << (2 * LEVEL_BITS)) | (g << LEVEL_BITS) | b;
  const known = named[at];
  if (known) return known - 1;
  const middle = (level: number) => (level << STEP_BITS) + HALF_STEP;
  const position = COLOUR_NAMES.indexOf(colourName(middle(r), middle(g), middle(b)));
  named[at] = position + 1;
  return position;
}

/**
 * The named colours of an sRGB raster (8 bit; 3 channels, or 4 with alpha) whose share is at least `floor` percent, the
 * share as confidence. Pixels count by their opacity; a wholly transparent image has no colours.
 */
export function colourLabels(raster: { data: Uint8Array; channels: number }, floor: number): DetectedLabel[] {
  const { data, channels } = raster;
  const weights = COLOUR_NAMES.map(() => 0);
  let total = 0;
  for (let at = 0; at + channels <= data.length; at += channels) {
    const weight = channels === 4 ? (data[at + 3] ?? 0) : 1;
    const position = namePosition(data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0);
    weights[position] = (weights[position] ?? 0) + weight;
    total += weight;
  }
  return COLOUR_NAMES.map((name, position) => ({
    name,
    confidence: percent(weights[position] ?? 0, total),
    categories: ['Color'],
  }))
    .filter(({ confidence }) => confidence > 0 && confidence >= floor)
    .sort((a, b) => b.confidence - a.confidence);
}

const percent = (part: number, whole: number) =>
  whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 100;
