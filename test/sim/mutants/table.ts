/** All mutants. */
import { BROADCAST_MUTANTS } from './broadcast.ts';
import { DISK_MUTANTS } from './disk.ts';
import { HISTORY_MUTANTS } from './history.ts';
import type { Mutant } from './mutant.ts';

/** See the head of the file. */
export const MUTANTS: readonly Mutant[] = [...HISTORY_MUTANTS, ...DISK_MUTANTS, ...BROADCAST_MUTANTS];
