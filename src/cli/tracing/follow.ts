/** Follows live requests of any clients, and tells of each as it ends. */
import { addressText } from '../../client/connect-string.ts';
import type { Trace } from '../../events/trace.ts';
import { observeEnsemble } from '../../inspect/observe/observe-ensemble.ts';
import { Faces } from '../../inspect/trace/faces.ts';
import { LiveTraces, type LiveWanted, type Unseen } from '../../inspect/trace/live-traces.ts';
import { systemTimers } from '../../platform/timers.ts';
import { FirstAnswer } from '../observing/first-answer.ts';
import type { SpanEnd } from '../observing/listening-span.ts';
import type { ObserverSettings } from '../settings/observer-options.ts';
import { OBSERVER_PORTS } from '../settings/observer-ports.ts';
import { allHeard } from './heard.ts';
import { TRACED_NAMES } from './traced-session.ts';

/** Whose requests, and for how long. */
export interface FollowOptions {
  readonly observer: ObserverSettings;
  readonly wanted: LiveWanted;
  /** As `0x…`: servers then tell of this session alone. */
  readonly session: string | undefined;
  /** Events a second of each server at most. */
  readonly budget: number | undefined;
  /** Ends after so many traces, or so long, ms. */
  readonly limit: number;
  readonly forMs: number | undefined;
  readonly stop: AbortSignal;
}

/** How it ended. */
export interface Followed {
  readonly why: Exclude<SpanEnd, 'nobody'>;
  readonly unseen: Readonly<Unseen>;
}

const LOOK_MS = 50;
/** Traces that wait to be printed; a reader slower than that is told how many were left out. */
const WAITING_MAX = 1_000;

/**
 * Calls `take` with each trace in turn, awaiting it. Throws ZKT_USAGE for a filter that is none, and
 * ZKT_CONNECT when nobody answers.
 */
export async function follow(
  options: FollowOptions,
  take: (trace: Trace) => Promise<void>,
): Promise<Followed> {
  const { observer, wanted, session, budget, limit, forMs, stop } = options;
  const faces = new Faces();
  const live = new LiveTraces(wanted, faces);
  const source = observeEnsemble(OBSERVER_PORTS, {
    ...observer,
    budget,
    filter: { names: TRACED_NAMES, ...(session !== undefined && { session }) },
  });
  const now = (): number => OBSERVER_PORTS.clock.monotonicMs();
  const waiting: Trace[] = [];
  const door = new Door();
  const answers = new FirstAnswer(observer.servers.map(addressText));
  // Requests are looked at once every server tells: of those before, a part would be missing.
  let begun = false;
  void allHeard(OBSERVER_PORTS, faces, []).then(() => {
    begun = true;
  });
  source.start((event) => {
    if (begun) live.take(event, now());
    else faces.take(event);
    answers.take(event);
    if (answers.failed) door.end('nobody');
  });
  const looking = systemTimers.every(LOOK_MS, () => {
    for (const trace of live.due(now())) {
      if (waiting.length < WAITING_MAX) waiting.push(trace);
      else live.unseen.crowded++;
    }
    if (waiting.length > 0 || door.closed) door.wake();
  });
  const timer = forMs === undefined ? undefined : systemTimers.after(forMs, () => door.end('time'));
  const stopped = (): void => door.end('stopped');
  stop.addEventListener('abort', stopped, { once: true });
  if (stop.aborted) stopped();
  let taken = 0;
  try {
    while (door.why === undefined || (door.why === 'time' && waiting.length > 0)) {
      const next = waiting.shift();
      if (next === undefined) await door.knock();
      else {
        await take(next);
        taken++;
        if (taken >= limit) door.end('full');
      }
    }
  } finally {
    timer?.cancel();
    looking.cancel();
    source.stop();
  }
  const { why = 'stopped' } = door;
  if (why === 'nobody') throw answers.error();
  return { why, unseen: live.unseen };
}

/** Waits for the next trace, or for the reason to end. */
class Door {
  why: SpanEnd | undefined;
  private open: () => void = () => {};

  get closed(): boolean {
    return this.why !== undefined;
  }

  end(why: SpanEnd): void {
    this.why ??= why;
    this.wake();
  }

  wake(): void {
    this.open();
  }

  knock(): Promise<void> {
    if (this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.open = resolve;
    });
  }
}
