import type { Holder, IsAlive } from '../runtime/run/lease.ts';

/** Whoever changes a stack, as others are told who is at it. */
export interface Operator {
  holder: Holder;
  isAlive: IsAlive;
}

/** This process. */
export async function thisOperator(what: string): Promise<Operator> {
  const { isAlive, thisHolder } = await import('../adapters/workers/process.ts');
  return { holder: thisHolder(what), isAlive };
}
