import { Prng } from '../../src/base/prng.ts';
import type { ClientOptions } from '../../src/client/api.ts';
import { ZkClient } from '../../src/client/client.ts';
import type { Timer, Timers } from '../../src/ports/timers.ts';
import { MemoryNet } from '../../src/sim/net.ts';

/** A client's world whose time passes only when told: a network in memory, a clock and timers. */
export class World implements Timers {
  readonly net = new MemoryNet();
  readonly random: Prng;
  private now = 0;
  private later: { at: number; fn: () => void; live: boolean }[] = [];
  private turn: (() => void)[] = [];

  constructor(seed = 1) {
    this.random = new Prng(seed);
  }

  monotonicMs(): number {
    return this.now;
  }
  wallMs(): number {
    return 1_700_000_000_000 + Math.floor(this.now);
  }
  after(ms: number, fn: () => void): Timer {
    const timer = { at: this.now + ms, fn, live: true };
    this.later.push(timer);
    return {
      cancel: () => {
        timer.live = false;
      },
    };
  }
  every(): Timer {
    throw new Error('the client has no use for it');
  }
  soon(fn: () => void): void {
    this.turn.push(fn);
  }

  /** Timers that may still go off. */
  get pendingTimers(): number {
    return this.later.filter((t) => t.live).length;
  }

  client(options: Partial<ClientOptions> = {}): ZkClient {
    const ports = { net: this.net, clock: this, timers: this, random: this.random };
    return new ZkClient({ servers: 'zk:2181', ...options }, ports);
  }

  /** Lets one thing happen that is under way: a delivery of the network, or the end of the turn. */
  step(): void {
    if (this.net.step()) return;
    for (const fn of this.turn.splice(0)) fn();
  }

  /** Lets everything that is under way happen, without time passing. Microtasks run between the steps. */
  async settle(): Promise<void> {
    for (let i = 0; i < 100_000; i++) {
      await new Promise<void>((resolve) => queueMicrotask(resolve));
      if (this.net.step()) continue;
      const turn = this.turn.splice(0);
      for (const fn of turn) fn();
      if (turn.length === 0) {
        // Continuations of continuations: promises of callers take a few microtasks.
        for (let k = 0; k < 8; k++) await Promise.resolve();
        if (!this.net.step() && this.turn.length === 0) return;
      }
    }
    throw new Error('the world does not settle');
  }

  /** Lets time pass, timer by timer. */
  async pass(ms: number): Promise<void> {
    await this.settle();
    const end = this.now + ms;
    for (;;) {
      const due = this.later.filter((t) => t.live && t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      due.live = false;
      this.now = Math.max(this.now, due.at);
      due.fn();
      await this.settle();
    }
    this.later = this.later.filter((t) => t.live);
    this.now = end;
    await this.settle();
  }
}
