/**
 * What a server process is looked at with, beside its log: each instrument is a line here, knows nothing of
 * the others, and must never hold up or end the server.
 */
import { watchLoop } from '../../server/admin/loop-watch.ts';
import { startAdmin } from './admin.ts';
import { startFlightRecorder } from './flight-recorder.ts';
import { startGcWatch } from './gc.ts';
import type { Instrument, Laboratory, StartInstrument } from './laboratory.ts';
import { startSampling } from './sampling.ts';

const INSTRUMENTS: readonly StartInstrument[] = [
  startFlightRecorder,
  ({ world, bus }) => {
    const timer = watchLoop(world.clock, world.timers, bus);
    return { close: () => timer.cancel() };
  },
  startGcWatch,
  startAdmin,
  startSampling,
];

/** Starts all of them. */
export function startInstruments(lab: Laboratory): Instrument {
  const started = INSTRUMENTS.map((start) => start(lab));
  return {
    close: () => {
      for (const instrument of started) instrument.close();
    },
  };
}
