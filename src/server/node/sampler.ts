/**
 * Takes samples of one server process once a second, on the second of the wall clock, so that those of
 * several servers can be laid beside each other. Nothing is measured or told while nobody listens.
 */
import type { EventName } from '../../events/table.ts';
import type { ProcessGauge } from '../../ports/process-gauge.ts';
import type { Timer } from '../../ports/timers.ts';
import type { RunningServer } from './running-server.ts';
import { HotSamples } from './samples/hot-samples.ts';
import { QuorumSamples } from './samples/quorum-samples.ts';
import { ServerSamples } from './samples/server-samples.ts';
import { SessionSamples } from './samples/session-samples.ts';
import { WatchSamples } from './samples/watch-samples.ts';
import type { SampleTaker } from './samples/watched-process.ts';
import type { ServerWorld } from './world.ts';

/** What the sampler looks at. */
export interface SamplerOptions {
  readonly world: Pick<ServerWorld, 'clock' | 'timers' | 'random' | 'events'>;
  readonly version: string;
  /** The id in its ensemble; -1n for a server that stands alone. */
  readonly sid: bigint;
  /** Undefined where there is no process to look at, as in a simulation. */
  readonly gauge: ProcessGauge | undefined;
  /** Undefined until it has started. */
  running(): RunningServer | undefined;
}

const SAMPLES: readonly EventName[] = [
  'server.sampled',
  'session.bucket-sampled',
  'session.sampled',
  'zab.learner-sampled',
  'zab.packets-sampled',
  'hot.sampled',
  'watch.sampled',
];

const EVERY_MS = 1_000;
/** A timer may be early by a little: the second that is about to begin is not sampled twice. */
const EARLY_MS = 50;

/** Samples from the next second on, until it is closed. */
export function startSampler(options: SamplerOptions): { close(): void } {
  const { world, version, sid, gauge, running } = options;
  const { clock, timers, events, random } = world;
  const takers: readonly SampleTaker[] = [
    new ServerSamples(events, { version, sid }, gauge),
    new SessionSamples(events, sid),
    new QuorumSamples(events),
    new HotSamples(events, random),
    new WatchSamples(events),
  ];
  let before = clock.monotonicMs();
  let listening = false;
  let timer: Timer | undefined;
  const rest = (): void => {
    listening = false;
    for (const taker of takers) taker.rest();
  };
  const sample = (): void => {
    const nowMs = clock.monotonicMs();
    const process = running();
    const wanted = SAMPLES.some((name) => events.on[name]);
    if (!wanted || process === undefined) {
      if (listening) rest();
    } else {
      listening = true;
      const moment = { running: process, nowMs, ms: nowMs - before };
      for (const taker of takers) taker.take(moment);
    }
    before = nowMs;
    arm();
  };
  const arm = (): void => {
    const left = EVERY_MS - (clock.wallMs() % EVERY_MS);
    timer = timers.after(left > EARLY_MS ? left : left + EVERY_MS, sample);
  };
  arm();
  return {
    close: () => {
      timer?.cancel();
      rest();
    },
  };
}
