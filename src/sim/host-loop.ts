/**
 * The event loop of one simulated process, shaped like Node's: due timers, then what arrived, then what waits
 * for the end of the turn. It can be slow, and it can be stopped as by SIGSTOP: what arrives then waits, and
 * comes all at once.
 */
import type { Prng } from '../base/prng.ts';
import type { Timer } from '../ports/timers.ts';
import type { HostClock } from './host-clock.ts';
import type { Schedule } from './schedule.ts';

/** An ordinary turn takes up to this long, ms. */
const TURN_MS_MAX = 0.1;
/** A timer fires up to this much late, ms: Node's are whole milliseconds. */
const TIMER_LATE_MS = 1;

/** What a process's view of time and network is made of. */
export interface ProcessLoop {
  monotonicMs(): number;
  wallMs(): number;
  after(ms: number, fn: () => void): Timer;
  soon(fn: () => void): void;
  deliver(fn: () => void): void;
}

/** See the head of the file. */
export class HostLoop implements ProcessLoop {
  /** What each turn costs beyond the ordinary, at most, ms: a busy machine. */
  slowTurnMs = 0;
  private readonly schedule: Schedule;
  private readonly clock: HostClock;
  private readonly random: Prng;
  private readonly crashed: (thrown: unknown) => void;
  private due: (() => void)[] = [];
  private arrived: (() => void)[] = [];
  private ending: (() => void)[] = [];
  private planned = false;
  private stopped = false;
  private busyUntil = 0;
  /** Time this turn has taken so far by waiting for the disk. */
  private spent = 0;

  /** `crashed` is told what a callback threw: a bug of the process, which is over then. */
  constructor(schedule: Schedule, clock: HostClock, random: Prng, crashed: (thrown: unknown) => void) {
    this.schedule = schedule;
    this.clock = clock;
    this.random = random;
    this.crashed = crashed;
  }

  get paused(): boolean {
    return this.stopped;
  }

  monotonicMs(): number {
    return this.clock.monotonicMs(this.schedule.now + this.spent);
  }

  wallMs(): number {
    return this.clock.wallMs(this.schedule.now + this.spent);
  }

  after(ms: number, fn: () => void): Timer {
    const late = this.random.next() * TIMER_LATE_MS;
    let live: (() => void) | undefined = fn;
    const fire = (): void => {
      const call = live;
      live = undefined;
      call?.();
    };
    const at = this.schedule.now + this.spent + this.clock.toGlobal(Math.max(0, ms)) + late;
    const timer = this.schedule.at(at, () => {
      this.due.push(fire);
      this.wake();
    });
    return {
      cancel: () => {
        live = undefined;
        timer.cancel();
      },
    };
  }

  soon(fn: () => void): void {
    this.ending.push(fn);
    if (!this.schedule.turning) this.wake();
  }

  /** Something that happens outside arrives now: bytes, the completion of a disk's call. */
  deliver(fn: () => void): void {
    this.arrived.push(fn);
    this.wake();
  }

  /** The process waits that long, for its disk: it does nothing else meanwhile. */
  spend(ms: number): void {
    this.spent += ms;
  }

  /** SIGSTOP. */
  pause(): void {
    this.stopped = true;
  }

  /** SIGCONT. */
  resume(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.wake();
  }

  private wake(): void {
    if (this.planned || this.stopped) return;
    if (!this.schedule.turning && this.schedule.now >= this.busyUntil) {
      this.turn();
      return;
    }
    this.planned = true;
    this.schedule.at(this.busyUntil, () => {
      this.planned = false;
      if (!this.stopped) this.turn();
    });
  }

  private turn(): void {
    this.schedule.turning = true;
    this.spent = 0;
    try {
      const { due } = this;
      if (due.length > 0) {
        this.due = [];
        for (let i = 0; i < due.length; i++) (due[i] as () => void)();
      }
      this.takeArrivals();
      const { ending } = this;
      if (ending.length > 0) {
        this.ending = [];
        for (let i = 0; i < ending.length; i++) (ending[i] as () => void)();
      }
    } catch (thrown) {
      this.crashed(thrown);
    } finally {
      this.schedule.turning = false;
    }
    const cost = TURN_MS_MAX + this.slowTurnMs;
    this.busyUntil = this.schedule.now + this.spent + this.random.next() * cost;
    this.spent = 0;
    if (this.due.length + this.arrived.length + this.ending.length > 0) this.wake();
  }

  /** All that has arrived, or now and then only the first of it. */
  private takeArrivals(): void {
    const { arrived } = this;
    const count = arrived.length;
    if (count === 0) return;
    if (count > 1 && this.random.chance(0.3)) {
      this.arrived = arrived.splice(1 + this.random.below(count - 1));
    } else this.arrived = [];
    for (let i = 0; i < arrived.length; i++) (arrived[i] as () => void)();
  }
}
