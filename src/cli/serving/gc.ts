/** Tells of the garbage collector's pauses, where they are long enough to matter. */
import { watchGc } from '../../platform/gc-watch.ts';
import type { Instrument, Laboratory } from './laboratory.ts';

/** Shorter pauses are not told: a busy server has dozens in a second. */
const TOLD_MS = 1;

/** Begins to look: Node notes every collection from here on, which costs nothing that can be measured. */
export function startGcWatch({ bus }: Pick<Laboratory, 'bus'>): Instrument {
  return watchGc((kind, ms) => {
    if (ms >= TOLD_MS && bus.on['loop.gc']) bus.emit('loop.gc', { kind, ms });
  });
}
