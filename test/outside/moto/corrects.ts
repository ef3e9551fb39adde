import { expect, test } from 'vitest';
import type { CorrectedMoto } from './start.ts';

/** What SDK clients are built with. */
export type Config = ReturnType<CorrectedMoto['client']>;

/**
 * Asks corrected moto and moto as it is the same, each in an empty account: the first must answer as AWS does, the second
 * must not. When moto has learnt it, the correction can go. An error counts as an answer: its name and message.
 */
export function corrects(
  what: string,
  moto: () => CorrectedMoto,
  question: (config: Config) => Promise<unknown>,
  asAws: unknown,
): void {
  test(what, async () => {
    const answer = (config: Config) =>
      question(config).catch((error: unknown) =>
        error instanceof Error ? `${error.name}: ${error.message}` : error,
      );
    await moto().reset();
    expect(await answer(moto().client())).toEqual(asAws);
    await moto().reset();
    expect(await answer(moto().bareClient()), 'moto without the correction').not.toEqual(asAws);
  });
}
