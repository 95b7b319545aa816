/**
 * So many `trace` events a second and no more: a listener on a busy server sees bursts of everything instead
 * of a dribble of parts.
 *
 * Time is cut into windows of a quarter second, by the wall clock, which servers of one ensemble share more
 * or less: their bursts overlap, and whole requests lie in them. When a window's share is used up, the
 * subscription rests until the next begins; resting, it costs the server nothing at all, and so what is
 * missed is known by its time and not by its number.
 */
import type { Subscription } from '../../events/bus.ts';
import { EVENTS, type EventName, isSample } from '../../events/table.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Timer, Timers } from '../../ports/timers.ts';

const WINDOW_MS = 250;
const WINDOWS_PER_S = 1000 / WINDOW_MS;

/**
 * Whether events of that name count against a budget: those of `trace` level, but samples, which come once a
 * second whatever the load, and are what a budget leaves room for.
 */
export const isBudgeted = (name: EventName): boolean => EVENTS[name].level === 'trace' && !isSample(name);

/** What a budget needs of the world. */
export interface BudgetWorld {
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly timers: Timers;
}

/** See the head of the file. */
export class EventBudget {
  private readonly world: BudgetWorld;
  private readonly perWindow: number;
  private readonly rested: (ms: number) => void;
  private window = -1;
  private used = 0;
  private resting: Timer | undefined;

  /** `rested` hears after each pause how long it was, ms. */
  constructor(world: BudgetWorld, perSecond: number, rested: (ms: number) => void) {
    this.world = world;
    this.perWindow = Math.max(1, Math.ceil(perSecond / WINDOWS_PER_S));
    this.rested = rested;
  }

  /** One more event was taken; `subscription` rests when that was the last of the window. */
  spend(subscription: Subscription): void {
    const { clock, timers } = this.world;
    const now = clock.wallMs();
    const window = Math.floor(now / WINDOW_MS);
    if (window !== this.window) {
      this.window = window;
      this.used = 0;
    }
    this.used++;
    if (this.used < this.perWindow || this.resting !== undefined) return;
    subscription.pause();
    const ms = (window + 1) * WINDOW_MS - now;
    this.resting = timers.after(ms, () => {
      this.resting = undefined;
      subscription.resume();
      this.rested(ms);
    });
  }

  /** Waits for nothing any more. */
  close(): void {
    this.resting?.cancel();
    this.resting = undefined;
  }
}
