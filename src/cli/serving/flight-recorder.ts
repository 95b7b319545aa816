/** The flight recorder of a server process, in the directory of its transaction logs. */
import { stampClock } from '../../platform/clock.ts';
import { FlightRecorder } from '../../server/admin/flight-recorder.ts';
import { dataDirs } from '../../storage/data-dir.ts';
import type { StartInstrument } from './laboratory.ts';

/** Begins with the server, and writes from when the directory is its own. */
export const startFlightRecorder: StartInstrument = ({ config, world, bus, claimed }) => {
  const { recorder, storage } = config;
  if (!recorder.enabled) return { close() {} };
  const { disk, timers } = world;
  return new FlightRecorder(
    { bus, disk, timers, clock: stampClock },
    {
      node: String(config.serverId),
      dir: dataDirs(disk, storage.dataDir, storage.dataLogDir).logDir,
      bytesMax: recorder.bytesMax,
      ready: claimed,
    },
  );
};
