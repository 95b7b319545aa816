import { beforeEach, describe, expect, it } from 'vitest';
import { ClientDriver } from '../../src/client/driver.ts';
import { CLIENT_LIMITS } from '../../src/client/limits.ts';
import type { Request } from '../../src/client/request.ts';
import { WatchRegistry } from '../../src/client/watch-registry.ts';
import type { JuteWriter } from '../../src/jute/writer.ts';
import type { Net, Socket, SocketHandler } from '../../src/ports/net.ts';
import { OP } from '../../src/protocol/opcodes.ts';

/** A socket that takes what it is told to take. */
class HandSocket implements Socket {
  readonly remoteAddress = 'there';
  readonly remotePort = 1;
  readonly localAddress = 'here';
  readonly localPort = 2;
  readonly pendingBytes = 0;
  /** What `write` answers. */
  takes = true;
  destroyed = false;
  /** The buffers as given, and their bytes at that moment. */
  readonly writes: { given: Buffer; bytes: Buffer }[] = [];

  write(bytes: Buffer): boolean {
    this.writes.push({ given: bytes, bytes: Buffer.from(bytes) });
    return this.takes;
  }
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {
    this.destroyed = true;
  }
}

type Handler = SocketHandler & { opened(socket: Socket): void };

/** A driver with its world in hand. */
class Bench {
  now = 0;
  readonly dials: { handler: Handler; cancelled: boolean }[] = [];
  readonly timers: { at: number; fn: () => void; live: boolean }[] = [];
  turn: (() => void)[] = [];
  readonly driver: ClientDriver;

  constructor() {
    const net: Net = {
      listen() {},
      connect: (_to, handler) => {
        const dial = { handler, cancelled: false };
        this.dials.push(dial);
        return {
          cancel: () => {
            dial.cancelled = true;
          },
        };
      },
    };
    const config = {
      servers: [{ host: 'one', port: 1 }],
      sessionTimeoutMs: 3000,
      connectTimeoutMs: 0,
      readOnly: false,
      clientName: '',
      outstandingMax: 1_000_000,
      localExpiry: true,
      session: undefined,
      replyBytesMax: 1000,
    };
    const timers = {
      after: (ms: number, fn: () => void) => {
        const timer = { at: this.now + ms, fn, live: true };
        this.timers.push(timer);
        return {
          cancel: () => {
            timer.live = false;
          },
        };
      },
      every: () => {
        throw new Error('not used');
      },
      soon: (fn: () => void) => void this.turn.push(fn),
    };
    const clock = { monotonicMs: () => this.now, wallMs: () => 0 };
    const silent = { stateChanged() {}, attemptFailed() {}, notified() {}, watchesSet() {} };
    const ports = { net, clock, timers, random: { below: () => 0 } };
    this.driver = new ClientDriver(config, ports, new WatchRegistry(), silent);
    this.driver.start();
  }

  get state(): string {
    return this.driver.machine.state;
  }

  /** The end of the turn of the loop. */
  endTurn(): void {
    for (const fn of this.turn.splice(0)) fn();
  }

  /** Sets off the timers that are due, without the end of the turn. */
  fire(): void {
    for (const timer of [...this.timers]) {
      if (!timer.live || timer.at > this.now) continue;
      timer.live = false;
      timer.fn();
    }
  }

  handler(i: number): Handler {
    return (this.dials[i] as { handler: Handler }).handler;
  }

  /** Opens the newest dial and answers its connect request. */
  up(): HandSocket {
    const socket = new HandSocket();
    const handler = this.handler(this.dials.length - 1);
    handler.opened(socket);
    this.endTurn();
    const answer = Buffer.alloc(41);
    answer.writeInt32BE(37, 0);
    answer.writeInt32BE(3000, 8);
    answer.writeBigInt64BE(5n, 12);
    answer.writeInt32BE(16, 20);
    handler.data(answer);
    this.endTurn();
    socket.writes.length = 0;
    return socket;
  }

  submit(bytes: number, failed: (code: number) => void = () => {}): void {
    const request: Request = {
      op: OP.getData,
      xid: 0,
      deadline: Number.POSITIVE_INFINITY,
      write: (w: JuteWriter) => w.writeRaw(Buffer.alloc(bytes, 7)),
      reply() {},
      fail: failed,
      refuse() {},
    };
    this.driver.submit(request);
  }

  /** The answer to a request, as a frame. */
  static answer(xid: number): Buffer {
    const frame = Buffer.alloc(20);
    frame.writeInt32BE(16, 0);
    frame.writeInt32BE(xid, 4);
    return frame;
  }
}

describe('the driver', () => {
  let b: Bench;
  beforeEach(() => {
    b = new Bench();
  });

  it('sends the output of a turn in one write', () => {
    const socket = b.up();
    for (let i = 0; i < 100; i++) b.submit(10);
    expect(socket.writes.length).toBe(0);
    b.endTurn();
    expect(socket.writes.map((w) => w.bytes.length)).toEqual([100 * 22]);
  });

  it('does not touch a buffer the socket keeps, and gathers output meanwhile', () => {
    const socket = b.up();
    socket.takes = false;
    b.submit(10);
    b.endTurn();
    b.submit(1);
    b.endTurn();
    b.submit(1);
    b.endTurn();
    expect(socket.writes.length).toBe(1);
    for (const { given, bytes } of socket.writes) expect(given).toEqual(bytes);
    socket.takes = true;
    b.handler(0).drained();
    expect(socket.writes.map((w) => w.bytes.length)).toEqual([22, 26]);
  });

  it('a burst above the limit goes out turn by turn though the socket never says drained', () => {
    const socket = b.up();
    for (let i = 0; i < 10; i++) b.submit(1_000_000);
    for (let i = 0; i < 10; i++) b.endTurn();
    const lengths = socket.writes.map((w) => w.bytes.length);
    expect(lengths.reduce((sum, n) => sum + n, 0)).toBe(10 * 1_000_012);
    expect(Math.max(...lengths)).toBeLessThan(CLIENT_LIMITS.unsentBytesMax + 1_000_013);
  });

  it('a connection that opens after it was given up is closed, and what others say late is not heard', () => {
    b.now = 3000;
    b.fire();
    b.endTurn();
    expect(b.dials[0]?.cancelled).toBe(true);
    b.now = 3100;
    b.fire();
    b.endTurn();
    const late = new HandSocket();
    b.handler(0).opened(late);
    expect(late.destroyed).toBe(true);
    b.up();
    b.handler(0).data(Buffer.alloc(8, 0xff));
    b.handler(0).drained();
    b.handler(0).ended();
    b.handler(0).closed(new Error('late'));
    expect(b.state).toBe('connected');
  });

  it('input that waited through a pause of the process is taken in before silence is declared', () => {
    b.up();
    b.submit(1);
    b.endTurn();
    b.now = 10_000;
    b.fire();
    b.handler(0).data(Bench.answer(1));
    b.endTurn();
    expect(b.state).toBe('connected');
    b.now = 20_000;
    b.fire();
    b.endTurn();
    expect(b.state).toBe('connecting');
  });

  it('frames may come in any pieces; one that is too long or negative ends the connection', () => {
    const codes: number[] = [];
    const socket = b.up();
    for (let i = 0; i < 3; i++) b.submit(1, (code) => codes.push(code));
    const frames = Buffer.concat([Bench.answer(1), Bench.answer(2)]);
    for (const byte of frames) b.handler(0).data(Buffer.from([byte]));
    expect(b.driver.machine.outstanding).toBe(1);
    const long = Buffer.alloc(4);
    long.writeInt32BE(1001, 0);
    b.handler(0).data(long);
    expect([b.state, socket.destroyed, codes]).toEqual(['connecting', true, [-4]]);
  });

  it('output of a lost connection is not sent on the next', () => {
    b.up();
    b.submit(50);
    b.handler(0).closed(undefined);
    b.now = 200;
    b.fire();
    b.endTurn();
    const socket = new HandSocket();
    b.handler(1).opened(socket);
    b.endTurn();
    expect(socket.writes.map((w) => w.bytes.length)).toEqual([4 + 45]);
  });

  it('has no timer left after the end', () => {
    b.up();
    b.driver.close({
      op: OP.closeSession,
      xid: 0,
      deadline: Number.POSITIVE_INFINITY,
      write() {},
      reply: () => b.driver.machine.closed(),
      fail() {},
      refuse() {},
    });
    b.endTurn();
    b.handler(0).data(Bench.answer(1));
    expect(b.state).toBe('closed');
    expect(b.timers.filter((t) => t.live)).toEqual([]);
  });
});
