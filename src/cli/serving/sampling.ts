import { SystemProcessGauge } from '../../platform/process-gauge.ts';
import { startSampler } from '../../server/node/sampler.ts';
import { serverVersion } from '../server-version.ts';
import type { Instrument, Laboratory } from './laboratory.ts';

/** Samples of this process, while somebody listens to them. */
export function startSampling({ config, world, running }: Laboratory): Instrument {
  const gauge = new SystemProcessGauge();
  const sid = config.quorum.membership === undefined ? -1n : BigInt(config.serverId);
  return startSampler({ world, version: serverVersion(), sid, gauge, running });
}
