import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.ts';
import { Bus } from '../../../src/events/bus.ts';
import type { ZktEvent } from '../../../src/events/table.ts';
import type { Timer, Timers } from '../../../src/ports/timers.ts';
import { FlightRecorder } from '../../../src/server/admin/flight-recorder.ts';
import { SimLoop } from '../../../src/sim/clock.ts';
import { SimDisk, type SimDiskFault } from '../../../src/sim/disk.ts';
import { openRecording } from '../../../src/storage/recording/open-recording.ts';

const DIR = '/data/version-2';

/** Timers of a process that may be killed. */
class ProcessTimers implements Timers {
  alive = true;
  private readonly loop: SimLoop;

  constructor(loop: SimLoop) {
    this.loop = loop;
  }

  after(ms: number, fn: () => void): Timer {
    return this.loop.after(ms, () => {
      if (this.alive) fn();
    });
  }

  every(ms: number, fn: () => void): Timer {
    let next: Timer;
    const again = (): void => {
      next = this.after(ms, () => {
        again();
        fn();
      });
    };
    again();
    return { cancel: () => next.cancel() };
  }

  soon(fn: () => void): void {
    this.after(0, fn);
  }
}

/** A server that emits, on a disk, with its flight recorder. */
class Flight {
  readonly loop = new SimLoop(new Prng(1));
  readonly disk: SimDisk;
  fault: SimDiskFault | undefined;
  bus = new Bus('1', this.loop);
  ready = true;
  private timers: ProcessTimers;
  private recorder: FlightRecorder;
  private requests = 0;

  constructor() {
    this.disk = new SimDisk({ fault: (call) => (call === 'write' ? this.fault : undefined) });
    this.disk.makeDir(DIR);
    this.timers = new ProcessTimers(this.loop);
    this.recorder = this.begin();
  }

  begin(): FlightRecorder {
    const { bus, disk, loop } = this;
    return new FlightRecorder(
      { bus, disk, clock: loop, timers: this.timers },
      { node: '1', dir: DIR, bytesMax: 4 * 64 * 1024, ready: () => this.ready },
    );
  }

  /** Lets time pass, with so many requests a millisecond. */
  fly(ms: number, requestsPerMs = 0): void {
    const end = this.loop.monotonicMs() + ms;
    const work = this.timers.every(1, () => {
      for (let i = 0; i < requestsPerMs; i++) this.request();
    });
    while (this.loop.monotonicMs() < end) this.loop.turn();
    work.cancel();
  }

  info(round: number): void {
    if (this.bus.on['session.expired']) {
      this.bus.emit('session.expired', { session: BigInt(round), timeoutMs: 1, bucketMs: 1 });
    }
  }

  private request(): void {
    this.requests++;
    if (this.bus.on['zab.committed']) this.bus.emit('zab.committed', { zxid: BigInt(this.requests) });
  }

  close(): void {
    this.recorder.close();
  }

  /** The process is killed, and another one started. */
  kill(): void {
    this.disk.powerCut();
    this.disk.revive();
    this.timers.alive = false;
    this.timers = new ProcessTimers(this.loop);
    this.bus = new Bus('1', this.loop);
    this.recorder = this.begin();
  }

  read(): { events: ZktEvent[]; fault: string | undefined } {
    const recording = openRecording(this.disk, DIR);
    return { events: [...recording.events()], fault: recording.fault };
  }
}

const named = (events: readonly ZktEvent[], name: string): ZktEvent[] =>
  events.filter((it) => it.name === name);

describe('the flight recorder', () => {
  it('keeps all that is rare, and of requests a share in bursts', () => {
    const flight = new Flight();
    for (let i = 0; i < 10; i++) {
      flight.info(i);
      flight.fly(1000, 5);
    }
    flight.close();
    const { events, fault } = flight.read();
    expect(fault).toBeUndefined();
    expect(named(events, 'session.expired')).toHaveLength(10);
    const commits = named(events, 'zab.committed');
    expect(commits.length).toBeGreaterThan(1500);
    expect(commits.length).toBeLessThanOrEqual(2050);
    // Whole bursts at the beginnings of windows, and the rest told.
    expect(commits.filter((it) => it.time % 250 < 30).length).toBeGreaterThan(commits.length * 0.9);
    const rested = named(events, 'feed.dropped').reduce(
      (sum, it) => sum + (it.fields as { ms: number }).ms,
      0,
    );
    expect(rested).toBeGreaterThan(9000);
    expect(rested).toBeLessThan(10_000);
  });

  it('resting, it listens to no request', () => {
    const flight = new Flight();
    flight.fly(1000, 100);
    flight.fly(20, 100);
    expect(flight.bus.on['zab.committed']).toBe(false);
    expect(flight.bus.on['session.expired']).toBe(true);
    flight.close();
    expect(Object.values(flight.bus.on)).not.toContain(true);
  });

  it('a killed process loses a second at most; the next goes on in the next file', () => {
    const flight = new Flight();
    for (let life = 1; life <= 6; life++) {
      for (let i = 0; i < 20; i++) {
        flight.info(life * 100 + i);
        flight.fly(100);
      }
      flight.kill();
    }
    const { events } = flight.read();
    const rounds = named(events, 'session.expired').map((it) =>
      Number((it.fields as { session: bigint }).session),
    );
    for (let life = 1; life <= 6; life++) {
      const found = rounds.filter((it) => Math.floor(it / 100) === life);
      expect(found.length).toBeGreaterThanOrEqual(9);
      expect(found).toEqual(Array.from({ length: found.length }, (_, i) => life * 100 + i));
    }
    // Small files: what came before the first end is there still.
    expect(flight.disk.files()).toHaveLength(6);
  });

  it('whatever a power cut leaves of it can be read', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const flight = new Flight();
      for (let i = 0; i < 40; i++) {
        flight.info(i);
        flight.fly(100, 1);
      }
      flight.disk.powerCut();
      flight.disk.restart(new Prng(seed));
      // The next start, whatever it finds.
      flight.kill();
      flight.fly(1500);
      flight.close();
      const { events } = flight.read();
      const rounds = named(events, 'session.expired').map((it) =>
        Number((it.fields as { session: bigint }).session),
      );
      expect(rounds).toEqual([...rounds].sort((a, b) => a - b));
      expect(new Set(rounds).size).toBe(rounds.length);
    }
  });

  it('is bounded', () => {
    const flight = new Flight();
    for (let i = 0; i < 40_000; i++) {
      if (flight.bus.on['peer.leaderless']) {
        flight.bus.emit('peer.leaderless', {
          ms: i,
          connected: `${i * 7919}-${i ** 2}`,
          missing: `${i * 104_729}`,
        });
      }
      if (i % 100 === 0) flight.fly(10);
    }
    flight.close();
    const sizes = openRecording(flight.disk, DIR).files.map((it) => it.bytes);
    expect(sizes).toHaveLength(4);
    expect(sizes.reduce((sum, it) => sum + it, 0)).toBeLessThan(4 * 64 * 1024 * 2.1);
    expect(named(flight.read().events, 'recorder.rolled').length).toBeGreaterThan(2);
  });

  it('writes nothing before the directory is its own, and forgets nothing', () => {
    const flight = new Flight();
    flight.ready = false;
    flight.info(1);
    flight.fly(3000, 1);
    expect(flight.disk.files()).toEqual([]);
    flight.ready = true;
    flight.info(2);
    flight.close();
    expect(named(flight.read().events, 'session.expired')).toHaveLength(2);
  });

  it('says once that it cannot write, and goes on when it can', () => {
    const flight = new Flight();
    flight.fault = { code: 'ENOSPC' };
    for (let i = 0; i < 50; i++) {
      flight.info(i);
      flight.fly(100);
    }
    flight.fault = undefined;
    flight.fly(2000);
    flight.close();
    const { events } = flight.read();
    expect(named(events, 'recorder.failed')).toHaveLength(1);
    expect(named(events, 'session.expired')).toHaveLength(50);
  });
});
