/** A historic bug, switched back on in a build for tests: a patch of the source, and what is to find it. */
import type { PlanWishes } from '../../../src/sim/swarm/plan.ts';

/** A change of one file. */
export interface Patch {
  /** From the root of the repository. */
  readonly file: string;
  /** What goes: it must occur exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** See the head of the file. */
export interface Mutant {
  /** `ZOOKEEPER-n` (n), or a name for what is no bug of ZooKeeper's. */
  readonly id: string;
  /** What the bug does, in one sentence. */
  readonly title: string;
  readonly patches: readonly Patch[];
  /** The scenario of `test/sim/scenarios` that finds it; undefined where seeds have to. */
  readonly scenario?: string;
  /** What swarms are wished for when they are to find it, where any seed would need too long. */
  readonly swarm?: PlanWishes;
}
