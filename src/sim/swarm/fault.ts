/** A kind of fault: what it is called, and how it is brought about. */
import type { Prng } from '../../base/prng.ts';
import type { Cluster } from '../cluster.ts';

/** A fault that has begun. */
export interface BegunFault {
  /** What happens, for the transcript. */
  readonly text: string;
  /** Ends it; undefined for what is over at once. */
  readonly heal?: () => void;
}

/** Groups of kinds: a seed turns off some of them. */
export type FaultGroup =
  | 'network'
  | 'process'
  | 'power'
  | 'clock'
  | 'disk'
  | 'clients'
  | 'damage'
  | 'members';

/** See the head of the file. */
export interface FaultKind {
  readonly name: string;
  readonly group: FaultGroup;
  /** One sentence. */
  readonly about: string;
  /** Lines of zoo.cfg without which it cannot happen. */
  readonly config?: readonly string[];
  /** Brings it about; undefined when there is nothing to bring it about on. `random` is this fault's own. */
  begin(cluster: Cluster, random: Prng): BegunFault | undefined;
}
