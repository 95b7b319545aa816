import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import type { Socket } from '../../src/ports/net.ts';
import { ClusterNet } from '../../src/sim/cluster-net.ts';
import { Fingerprint } from '../../src/sim/fingerprint.ts';
import { HostClock } from '../../src/sim/host-clock.ts';
import { HostLoop } from '../../src/sim/host-loop.ts';
import type { LinkFault } from '../../src/sim/link-faults.ts';
import { Schedule } from '../../src/sim/schedule.ts';

/** Two hosts, one listening, and what each hears. */
class Pair {
  readonly schedule = new Schedule();
  readonly net = new ClusterNet(this.schedule, 7, new Fingerprint(), { giveUpMs: 3000, windowBytes: 1000 });
  readonly heard = { a: '', b: '' };
  readonly said: string[] = [];
  readonly loops: Record<'a' | 'b', HostLoop>;
  a: Socket | undefined;
  b: Socket | undefined;

  constructor() {
    const loop = (seed: number): HostLoop =>
      new HostLoop(this.schedule, new HostClock(), new Prng(seed), (thrown) => {
        throw thrown;
      });
    this.loops = { a: loop(1), b: loop(2) };
    this.net.addHost('a', '10.0.0.1');
    this.net.addHost('b', '10.0.0.2');
    this.net.view('b', this.loops.b).listen(
      { host: '0.0.0.0', port: 80 },
      (socket) => {
        this.b = socket;
        return this.handler('b');
      },
      () => {},
    );
  }

  dial(timeoutMs = 1000): this {
    this.net.view('a', this.loops.a).connect(
      { host: '10.0.0.2', port: 80, timeoutMs },
      {
        opened: (socket) => {
          this.a = socket;
          this.said.push('a opened');
        },
        ...this.handler('a'),
      },
    );
    return this;
  }

  pass(ms: number): this {
    let over = false;
    this.schedule.at(this.schedule.now + ms, () => {
      over = true;
    });
    while (!over) this.schedule.step();
    return this;
  }

  private handler(side: 'a' | 'b') {
    return {
      data: (chunk: Buffer) => {
        this.heard[side] += chunk.toString();
      },
      drained: () => void this.said.push(`${side} drained`),
      ended: () => {
        this.said.push(`${side} ended`);
        (side === 'a' ? this.a : this.b)?.end();
      },
      closed: (error: (Error & { code?: string }) | undefined) => {
        this.said.push(`${side} closed ${error?.code ?? 'well'}`);
      },
    };
  }
}

const cut = (from: string, to: string): LinkFault => ({
  kind: 'cut',
  from: new Set([from]),
  to: new Set([to]),
});

describe('the network of a cluster', () => {
  it('carries bytes in order, and farewells', () => {
    const pair = new Pair().dial().pass(10);
    for (let i = 0; i < 9; i++) pair.a?.write(Buffer.from(String(i)));
    pair.a?.end();
    pair.pass(50);
    expect(pair.heard.b).toBe('012345678');
    expect(pair.said.sort()).toEqual(['a closed well', 'a ended', 'a opened', 'b closed well', 'b ended']);
    expect(pair.net.openEnds).toBe(0);
  });

  it('holds back what a cut link does not let through, and loses none of it', () => {
    const pair = new Pair().dial().pass(10);
    const heal = pair.net.trouble(cut('a', 'b'));
    pair.a?.write(Buffer.from('x'));
    pair.b?.write(Buffer.from('y'));
    pair.pass(1000);
    expect(pair.heard).toEqual({ a: 'y', b: '' });
    pair.a?.write(Buffer.from('z'));
    heal();
    expect(pair.pass(500).heard.b).toBe('xz');
  });

  it('gives a connection up that is cut for too long; the other end hears when it speaks', () => {
    const pair = new Pair().dial().pass(10);
    const heals = [pair.net.trouble(cut('a', 'b')), pair.net.trouble(cut('b', 'a'))];
    pair.a?.write(Buffer.from('x'));
    pair.pass(5000);
    expect(pair.said).toEqual(['a opened', 'a closed ETIMEDOUT']);
    for (const heal of heals) heal();
    pair.b?.write(Buffer.from('y'));
    pair.pass(500);
    expect(pair.said.at(-1)).toBe('b closed ECONNRESET');
  });

  it('ends a connection whose bytes arrive and whose answers do not', () => {
    const pair = new Pair().dial().pass(10);
    pair.net.trouble(cut('b', 'a'));
    pair.a?.write(Buffer.from('x'));
    pair.pass(5000);
    expect(pair.heard.b).toBe('x');
    expect(pair.said).toContain('a closed ETIMEDOUT');
  });

  it('dials nobody through a cut link, and is refused where nobody listens', () => {
    const pair = new Pair();
    pair.net.trouble(cut('b', 'a'));
    expect(pair.dial(800).pass(1000).said).toEqual(['a closed ETIMEDOUT']);
    const other = new Pair();
    other.net.processEnded(other.loops.b);
    expect(other.dial().pass(10).said).toEqual(['a closed ECONNREFUSED']);
  });

  it('tells nobody of a loss of power until somebody asks', () => {
    const pair = new Pair().dial().pass(10);
    pair.net.powerOff('b');
    pair.pass(2000);
    pair.net.powerOn('b');
    pair.pass(2000);
    expect(pair.said).toEqual(['a opened']);
    pair.a?.write(Buffer.from('x'));
    expect(pair.pass(500).said.at(-1)).toBe('a closed ECONNRESET');
  });

  it('delivers nothing behind bytes that were lost with the power of their sender', () => {
    const pair = new Pair().dial().pass(10);
    const heal = pair.net.trouble(cut('a', 'b'));
    pair.a?.write(Buffer.from('x'));
    pair.pass(10);
    heal();
    pair.a?.write(Buffer.from('y'));
    pair.net.powerOff('a');
    expect(pair.pass(1000).heard.b).toBe('');
  });

  it('fills the window of a process that stands still, and drains when it goes on', () => {
    const pair = new Pair().dial().pass(10);
    pair.loops.b.pause();
    expect(pair.a?.write(Buffer.alloc(900, 'x'))).toBe(true);
    expect(pair.a?.write(Buffer.alloc(900, 'y'))).toBe(false);
    pair.pass(6000);
    expect([pair.heard.b.length, pair.a?.pendingBytes]).toEqual([0, 900]);
    pair.loops.b.resume();
    pair.pass(100);
    expect([pair.heard.b.length, pair.said.at(-1)]).toEqual([1800, 'a drained']);
  });

  it('breaks off in the middle of what is sent', () => {
    const pair = new Pair().dial().pass(10);
    pair.net.trouble({ kind: 'break' });
    pair.a?.write(Buffer.alloc(500, 'x'));
    pair.pass(100);
    expect(pair.heard.b.length).toBeLessThan(500);
    expect(pair.said.sort()).toEqual(['a closed ECONNRESET', 'a opened', 'b closed ECONNRESET']);
  });
});

describe('the loop of a process', () => {
  it('after a pause runs what is due, then what arrived', () => {
    const pair = new Pair().dial().pass(10);
    const order: string[] = [];
    pair.loops.b.pause();
    pair.loops.b.after(50, () => void order.push('timer'));
    pair.loops.b.deliver(() => void order.push('arrival'));
    pair.pass(500);
    expect(order).toEqual([]);
    pair.loops.b.resume();
    pair.pass(5);
    expect(order).toEqual(['timer', 'arrival']);
  });

  it('keeps its own time', () => {
    const schedule = new Schedule();
    const clock = new HostClock(1000);
    clock.setRate(2, 0);
    const loop = new HostLoop(schedule, clock, new Prng(1), () => {});
    let at = 0;
    loop.after(100, () => {
      at = schedule.now;
    });
    schedule.step();
    expect(at).toBeGreaterThanOrEqual(50);
    expect(at).toBeLessThan(52);
    expect(clock.monotonicMs(50)).toBe(1100);
    clock.wallOffsetMs = -5000;
    expect(clock.wallMs(0) - clock.monotonicMs(0)).toBe(1_700_000_000_000 - 5000);
  });
});
