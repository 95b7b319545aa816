import { describe, expect, it } from 'vitest';
import { Bus } from '../../../src/events/bus.ts';
import { eventToJson } from '../../../src/formatters/event-json.ts';
import type { HttpReply, HttpRequest } from '../../../src/ports/http.ts';
import type { Timer } from '../../../src/ports/timers.ts';
import { EventFeed } from '../../../src/server/admin/event-feed.ts';

/** Time by hand. */
class World {
  now = 1_000_000;
  private due: { at: number; fn: (() => void) | undefined; every: number | undefined }[] = [];
  readonly clock = { wallMs: () => this.now };
  readonly timers = {
    after: (ms: number, fn: () => void) => this.add(ms, fn, undefined),
    every: (ms: number, fn: () => void) => this.add(ms, fn, ms),
    soon: (fn: () => void) => void this.add(0, fn, undefined),
  };
  readonly bus = new Bus('1', this.clock);
  readonly feed: EventFeed;

  constructor(made: () => void = () => {}) {
    this.feed = new EventFeed({
      ...{ clock: this.clock, timers: this.timers, bus: this.bus, node: '1', version: 'v', sid: 1n },
      line: (e) => {
        made();
        return JSON.stringify(eventToJson(e));
      },
    });
  }

  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.due
        .filter((d) => d.fn !== undefined && d.at <= end)
        .reduce<(typeof this.due)[number] | undefined>(
          (a, b) => (a === undefined || b.at < a.at ? b : a),
          undefined,
        );
      if (next === undefined) break;
      this.now = Math.max(this.now, next.at);
      const { fn } = next;
      if (next.every === undefined) next.fn = undefined;
      else next.at += next.every;
      fn?.();
    }
    this.now = end;
  }

  private add(ms: number, fn: () => void, every: number | undefined): Timer {
    const due = { at: this.now + ms, fn: fn as (() => void) | undefined, every };
    this.due.push(due);
    return {
      cancel: () => {
        due.fn = undefined;
      },
    };
  }
}

class Reader implements HttpReply {
  status = 0;
  text = '';
  pendingBytes = 0;
  ended = false;
  private readonly goneFns: (() => void)[] = [];
  begin(status: number): void {
    this.status = status;
  }
  write(piece: string | Uint8Array): boolean {
    this.text += String(piece);
    return true;
  }
  end(piece: string | Uint8Array = ''): void {
    this.text += String(piece);
    this.ended = true;
  }
  onGone(fn: () => void): void {
    this.goneFns.push(fn);
  }
  go(): void {
    for (const fn of this.goneFns) fn();
  }
  /** What came since the last call. */
  take(): Record<string, unknown>[] {
    const lines = this.text.split('\n').filter((line) => line !== '');
    this.text = '';
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

function listen(world: World, query: string): Reader {
  const reader = new Reader();
  const request: HttpRequest = {
    ...{ method: 'GET', path: '/events', query: new URLSearchParams(query), header: () => undefined },
    ...{ remote: '127.0.0.1:9', remoteAddress: '127.0.0.1' },
  };
  world.feed.handle(request, reader);
  world.pass(0);
  return reader;
}

const names = (lines: readonly Record<string, unknown>[]): unknown[] => lines.map((line) => line.name);

describe('/events', () => {
  it('begins with the past that is asked for', () => {
    const world = new World();
    for (const file of ['a', 'b', 'c']) world.bus.emit('log.rolled', { file });
    world.bus.emit('purge.removed', { file: 'x' });
    const lines = listen(world, 'last=2&names=log.*').take();
    expect(lines.map((l) => [l.name, l.file ?? l.replayed])).toEqual([
      ['feed.began', 2],
      ['log.rolled', 'b'],
      ['log.rolled', 'c'],
    ]);
  });
  it('tells what is wanted, one write a turn', () => {
    const world = new World();
    const reader = listen(world, 'names=zab.*&zxid=0x1-0x2');
    reader.take();
    for (const zxid of [1n, 2n, 3n]) world.bus.emit('zab.committed', { zxid });
    expect(reader.text).toBe('');
    world.pass(0);
    expect(reader.take().map((l) => l.zxid)).toEqual(['0x1', '0x2']);
  });
  it('says in a line what is no question', () => {
    const world = new World();
    for (const query of ['last=x', 'budget=-1', 'names=zab.nothing', 'nmaes=zab.*', 'session=1']) {
      const reader = listen(world, query);
      expect([reader.status, reader.ended], query).toEqual([400, true]);
      expect(Object.keys(JSON.parse(reader.text)), query).toEqual(['error']);
    }
  });
  it('does not wait for a slow reader, and tells it what it missed', () => {
    const world = new World();
    const reader = listen(world, 'names=zab.committed');
    reader.take();
    reader.pendingBytes = 2 * 1024 * 1024;
    for (let i = 0; i < 7; i++) world.bus.emit('zab.committed', { zxid: 1n });
    reader.pendingBytes = 0;
    world.bus.emit('zab.committed', { zxid: 2n });
    world.pass(0);
    const lines = reader.take();
    expect(names(lines)).toEqual(['feed.dropped', 'zab.committed']);
    expect(lines[0]).toMatchObject({ why: 'slow', count: 7 });
  });
  it('keeps to a budget by resting until the next quarter second', () => {
    const world = new World();
    world.now = 1_000_100;
    const reader = listen(world, 'names=zab.committed,log.rolled&budget=12');
    reader.take();
    const burst = (): void => {
      for (let i = 0; i < 10; i++) {
        if (world.bus.on['zab.committed']) world.bus.emit('zab.committed', { zxid: BigInt(i) });
      }
      world.bus.emit('log.rolled', { file: 'a' });
    };
    burst();
    expect(world.bus.on['zab.committed']).toBe(false);
    world.pass(0);
    expect(names(reader.take())).toEqual([...Array(3).fill('zab.committed'), 'log.rolled']);
    world.pass(150);
    expect(world.bus.on['zab.committed']).toBe(true);
    const told = reader.take();
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ name: 'feed.dropped', why: 'budget', ms: 150 });
    burst();
    world.pass(0);
    expect(names(reader.take())).toHaveLength(4);
  });
  it('goes on with samples while the budget rests', () => {
    const world = new World();
    const reader = listen(world, 'names=zab.*,session.bucket-sampled&budget=4');
    reader.take();
    for (let i = 0; i < 3; i++) world.bus.emit('zab.committed', { zxid: BigInt(i) });
    expect([world.bus.on['zab.committed'], world.bus.on['session.bucket-sampled']]).toEqual([false, true]);
    const bucket = { bucketMs: 0, inMs: 1, sessions: 1, tickMs: 1 };
    for (let i = 0; i < 9; i++) world.bus.emit('session.bucket-sampled', bucket);
    world.pass(0);
    const told = names(reader.take()).filter((name) => name === 'session.bucket-sampled');
    expect(told).toHaveLength(9);
  });
  it('keeps nothing for a reader that hangs, not even what it says of itself', () => {
    const world = new World();
    world.now = 1_000_100;
    const reader = listen(world, 'names=zab.committed&budget=4');
    reader.take();
    reader.pendingBytes = 2 * 1024 * 1024;
    for (let i = 0; i < 3; i++) {
      world.bus.emit('zab.committed', { zxid: 1n });
      world.pass(250);
    }
    world.pass(60_000);
    expect(reader.text).toBe('');
    reader.pendingBytes = 0;
    world.pass(10_000);
    const told = reader.take().map(({ name, why, count, ms }) => [name, why, count, ms]);
    expect(told).toEqual([
      ['feed.dropped', 'slow', 3, 0],
      ['feed.dropped', 'budget', 0, 450],
    ]);
  });
  it('makes the line of an event once for all who listen, and keeps no filter of any length', () => {
    let made = 0;
    const world = new World(() => made++);
    const readers = Array.from({ length: 5 }, () => listen(world, 'names=zab.committed'));
    made = 0;
    world.bus.emit('zab.committed', { zxid: 1n });
    world.pass(0);
    expect(made).toBe(1);
    expect(readers.map((r) => r.take().at(-1)?.zxid)).toEqual(Array(5).fill('0x1'));
    listen(world, `path=/${'x'.repeat(10_000)}`);
    const [opened] = listen(world, 'names=feed.opened&last=1').take().slice(1);
    expect(String(opened?.filter)).toHaveLength(200);
  });
  it('lets go of a listener that has gone, and costs nothing then', () => {
    const world = new World();
    const reader = listen(world, 'names=zab.committed&budget=4');
    expect(world.bus.on['zab.committed']).toBe(true);
    world.bus.emit('zab.committed', { zxid: 1n });
    reader.go();
    world.pass(1_000);
    expect(world.bus.on['zab.committed']).toBe(false);
  });
  it('is for so many listeners and no more', () => {
    const world = new World();
    const readers = Array.from({ length: 33 }, () => listen(world, ''));
    expect(readers.map((r) => r.status).filter((s) => s === 503)).toHaveLength(1);
    world.feed.close();
    expect(readers.every((r) => r.ended)).toBe(true);
  });
  it('says that it lives', () => {
    const world = new World();
    const reader = listen(world, '');
    reader.take();
    world.pass(10_000);
    expect(reader.text).toBe('\n');
  });
});
