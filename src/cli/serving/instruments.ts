/**
 * What a server process is looked at with, beside its log: each instrument is a line here, knows nothing of
 * the others, and must never hold up or end the server.
 */
import type { Bus } from '../../events/bus.ts';
import { watchLoop } from '../../server/admin/loop-watch.ts';
import type { ServerMetrics } from '../../server/admin/server-metrics.ts';
import type { ServerConfig } from '../../server/config/server-config.ts';
import type { FourLetterAnswers } from '../../server/node/four-letter-answers.ts';
import type { RunningServer } from '../../server/node/running-server.ts';
import type { ServerWorld } from '../../server/node/world.ts';

/** What instruments are given. */
export interface Laboratory {
  readonly config: ServerConfig;
  readonly world: ServerWorld;
  readonly bus: Bus;
  readonly metrics: ServerMetrics;
  readonly answers: FourLetterAnswers;
  /** Undefined until it has started. */
  running(): RunningServer | undefined;
}

/** Something that looks on until it is closed. */
export interface Instrument {
  close(): void;
}

/** Begins to look; before the server starts, so that nothing is missed. */
type StartInstrument = (lab: Laboratory) => Instrument;

const INSTRUMENTS: readonly StartInstrument[] = [
  ({ world, bus }) => {
    const timer = watchLoop(world.clock, world.timers, bus);
    return { close: () => timer.cancel() };
  },
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
