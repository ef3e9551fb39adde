/**
 * Prints one line per figure. A figure that misses its bound makes the process end with 1.
 * @param rows `{ what, value, unit, atMost?, atLeast? }`
 */
export function printRows(rows) {
  for (const { what, value, unit, atMost, atLeast } of rows) {
    const kept = !(value > atMost || value < atLeast);
    const bound =
      atMost !== undefined ? `at most ${atMost}` : atLeast !== undefined ? `at least ${atLeast}` : '';
    const digits = value >= 100 ? 0 : 2;
    const figure = `${value.toFixed(digits).padStart(12)} ${unit.padEnd(12)}`;
    console.log(`${what.padEnd(68)}${figure} ${bound}${kept ? '' : '  NOT KEPT'}`.trimEnd());
    if (!kept) process.exitCode = 1;
  }
}
