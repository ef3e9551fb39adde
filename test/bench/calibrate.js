/**
 * Milliseconds of a loop that does always the same arithmetic: what an absolute figure of the same run has to be read
 * beside, because machines differ and are shared.
 */
export function calibrate() {
  const start = performance.now();
  let state = 1;
  for (let round = 0; round < 50_000_000; round++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  // The result is used, so that the loop can't be left out.
  return performance.now() - start + (state === 0 ? 1e-9 : 0);
}
