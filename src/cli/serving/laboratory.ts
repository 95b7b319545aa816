/** What an instrument of a server process is, and what it is given. */
import type { Bus } from '../../events/bus.ts';
import type { ServerMetrics } from '../../server/admin/server-metrics.ts';
import type { ServerConfig } from '../../server/config/server-config.ts';
import type { RunningServer } from '../../server/node/running-server.ts';
import type { ServerReports } from '../../server/node/server-reports.ts';
import type { ServerWorld } from '../../server/node/world.ts';

/** What instruments are given. */
export interface Laboratory {
  readonly config: ServerConfig;
  readonly world: ServerWorld;
  readonly bus: Bus;
  readonly metrics: ServerMetrics;
  readonly reports: ServerReports;
  /** Whether the data directories are there and locked by this process. */
  claimed(): boolean;
  /** Undefined until it has started. */
  running(): RunningServer | undefined;
}

/** Something that looks on until it is closed. */
export interface Instrument {
  close(): void;
}

/** Begins to look; before the server starts, so that nothing is missed. */
export type StartInstrument = (lab: Laboratory) => Instrument;
