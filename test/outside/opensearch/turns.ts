/** What one of several does between two turns runs without the others. */
type Actor = (turn: Turn) => Promise<void>;

/** Waits for a turn, where `isReady` is given for one after which it is true. */
export type Turn = (isReady?: () => boolean) => Promise<void>;

/**
 * Runs actors side by side in an order that `choices` alone decide: only when each has ended or waits for its turn, one of those
 * that wait goes on: the actor of that number or, where it can't, the next. An actor waits for one turn at a time.
 */
export async function takeTurns(actors: readonly Actor[], choices: readonly number[]): Promise<void> {
  let waiting: { actor: number; isReady: () => boolean; go: () => void }[] = [];
  let running = actors.length;
  let step = 0;
  const next = () => {
    if (running > 0 || waiting.length === 0) return;
    const ready = waiting.filter(({ isReady }) => isReady()).sort((a, b) => a.actor - b.actor);
    const wanted = (choices[step++ % choices.length] ?? 0) % actors.length;
    const chosen = ready.find(({ actor }) => actor >= wanted) ?? ready[0];
    if (chosen === undefined) throw new Error('nobody is ready');
    waiting = waiting.filter((each) => each !== chosen);
    running++;
    chosen.go();
  };
  await Promise.all(
    actors.map(async (act, actor) => {
      const turn: Turn = (isReady = () => true) =>
        new Promise<void>((go) => {
          waiting.push({ actor, isReady, go });
          running--;
          next();
        });
      try {
        await turn();
        await act(turn);
      } finally {
        running--;
        next();
      }
    }),
  );
}
