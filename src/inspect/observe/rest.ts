/** Waits that can all be ended early. */
import type { Timer, Timers } from '../../ports/timers.ts';

/** Sleeps until time is up, or it is ended. */
export class Rest {
  private readonly timers: Timers;
  private readonly sleeping = new Set<() => void>();
  private over = false;

  constructor(timers: Timers) {
    this.timers = timers;
  }

  /** True once `end` was called. */
  get ended(): boolean {
    return this.over;
  }

  /** Resolves after `ms`, or at the end. */
  sleep(ms: number): Promise<void> {
    if (this.over) return Promise.resolve();
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const wake = (): void => {
        timer?.cancel();
        this.sleeping.delete(wake);
        resolve();
      };
      this.sleeping.add(wake);
      timer = this.timers.after(ms, wake);
    });
  }

  /** Nobody sleeps any more. */
  end(): void {
    this.over = true;
    for (const wake of this.sleeping) wake();
  }
}
