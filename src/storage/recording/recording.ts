/** What every recording is to those who look at it: of a file, of a ring of files, of a simulated run. */
import type { ZktEvent } from '../../events/table.ts';

/** Events that happened: those of a recording, or of a simulated run. */
export interface Recording {
  /** When the first and the last event happened, wall clock ms; both 0 for an empty one. */
  readonly startMs: number;
  readonly endMs: number;
  /** Events in it. */
  readonly count: number;
  /**
   * What is wrong with it (cut short, damaged, events of another release), in words; undefined when it is
   * whole. Damage inside is found when it is read, and told from then on.
   */
  readonly fault: string | undefined;
  /** The events from that time on, in the order of time; those of one time as they were recorded. */
  events(fromMs?: number): IterableIterator<ZktEvent>;
}
