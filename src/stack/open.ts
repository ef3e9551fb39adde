import { openAwsStack } from './open-aws.ts';
import { openLocalStack } from './open-local.ts';
import type { Selected } from './select.ts';
import type { Stack } from './stack.ts';

/** The only place that knows which kind of stack has which adapters. */
export const openStack = (selected: Selected): Stack =>
  'local' in selected ? openLocalStack(selected.local) : openAwsStack(selected);
