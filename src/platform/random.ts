import type { Random } from '../ports/random.ts';

/** Chance that differs from run to run. */
export const systemRandom: Random = { below: (limit) => Math.floor(Math.random() * limit) };
