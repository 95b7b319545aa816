import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Socket, SocketHandler } from '../../../src/ports/net.ts';
import {
  ELECTION_MESSAGE_MAX,
  encodeInitialMessage,
  type InitialMessage,
} from '../../../src/protocol/election.ts';
import { parseElectionAddresses } from '../../../src/server/net/election-address.ts';
import {
  ElectionPort,
  type ElectionPortHandler,
  type ElectionPortOptions,
} from '../../../src/server/net/election-port.ts';
import { MemoryNet } from '../../../src/sim/net.ts';
import { HandClock } from './fake-service.ts';
import { Heard } from './heard.ts';

const SELF = 5n;
const OPTIONS: ElectionPortOptions = {
  sid: SELF,
  connectTimeoutMs: 1000,
  handshakeTimeoutMs: 1000,
  multiAddress: false,
  strangersMax: 3,
  unknownMax: 4,
};
const frame = (text: string): Buffer => {
  const bytes = Buffer.alloc(4 + text.length, text);
  bytes.writeInt32BE(text.length, 0);
  bytes.write(text, 4, 'latin1');
  return bytes;
};
const opening = (sid: bigint, port: number, version: InitialMessage['version'] = 'v1'): Buffer =>
  encodeInitialMessage({ version, sid, addresses: version === 'legacy' ? [] : [`127.0.0.1:${port}`] });

/** A connection as another server would have it: bytes. */
class Raw implements SocketHandler {
  bytes = Buffer.alloc(0);
  gone = false;
  ended_ = false;
  socket: Socket | undefined;
  data(chunk: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, chunk]);
  }
  drained(): void {}
  ended(): void {
    this.ended_ = true;
    this.socket?.end();
  }
  closed(): void {
    this.gone = true;
  }
}

/** The port, on a network where the others are raw connections. */
class Bench implements ElectionPortHandler {
  readonly net = new MemoryNet();
  readonly clock = new HandClock();
  readonly heard = new Heard();
  readonly port: ElectionPort;
  readonly messages: string[] = [];
  readonly reach: string[] = [];
  /** What `greeting` answers. */
  words: string | undefined;

  constructor(options: Partial<ElectionPortOptions> = {}, known: readonly number[] = [1, 7, 9]) {
    const world = { net: this.net, timers: this.clock, events: this.heard.bus };
    this.port = new ElectionPort({ ...OPTIONS, ...options }, world, this);
    const at = (sid: number) => [{ host: '127.0.0.1', port: 1000 + sid }];
    const all = new Map([...known, Number(SELF)].map((sid) => [BigInt(sid), at(sid)] as const));
    this.port.configure(all, at(Number(SELF)));
    this.port.listen({ host: '127.0.0.1', port: 1005 }, (error) => expect(error).toBeUndefined());
    this.settle();
  }

  message(from: bigint, body: Buffer): void {
    this.messages.push(`${from}: ${body.toString('latin1')}`);
  }
  reachable(sid: bigint, isReachable: boolean): void {
    const text = `${sid} ${isReachable ? 'up' : 'down'}`;
    if (this.reach.at(-1) !== text) this.reach.push(text);
  }
  greeting(to: bigint): Buffer | undefined {
    return this.words === undefined ? undefined : Buffer.from(`${this.words} ${to}`);
  }

  settle(): void {
    do this.net.settle();
    while (this.clock.endTurn());
  }
  pass(ms: number): void {
    for (let i = 0; i < ms; i += 10) {
      this.clock.pass(Math.min(10, ms - i));
      this.settle();
    }
  }

  /** Dials the port and sends bytes, cut into pieces. */
  dial(bytes: Buffer, cut = bytes.length): Raw {
    const raw = new Raw();
    this.net.connect(
      { host: '127.0.0.1', port: 1005 },
      Object.assign(raw, {
        opened: (socket: Socket) => {
          raw.socket = socket;
        },
      }),
    );
    this.settle();
    for (let i = 0; i < bytes.length; i += Math.max(cut, 1)) {
      raw.socket?.write(bytes.subarray(i, i + cut));
      this.settle();
    }
    return raw;
  }

  /** Server `sid` listens; the connections it accepted. */
  serve(sid: number): Raw[] {
    const accepted: Raw[] = [];
    this.net.listen(
      { host: '127.0.0.1', port: 1000 + sid },
      (socket) => {
        const raw = new Raw();
        raw.socket = socket;
        accepted.push(raw);
        return raw;
      },
      () => {},
    );
    this.settle();
    return accepted;
  }

  send(to: number, text: string): void {
    this.port.send(BigInt(to), Buffer.from(text));
    this.settle();
  }
  refused(): string[] {
    return this.heard.named('quorum.peer-refused').map((e) => e.fields.why);
  }
}

const OPENING = opening(SELF, 1005);

describe('dialling', () => {
  test('a smaller id: the opening message in one write, then what waited', () => {
    const one = new Bench();
    const peers = one.serve(1);
    one.send(1, 'vote');
    expect(peers[0]?.bytes).toEqual(Buffer.concat([OPENING, frame('vote')]));
    one.send(1, 'next');
    expect(peers.length).toBe(1);
    expect(peers[0]?.bytes).toEqual(Buffer.concat([OPENING, frame('vote'), frame('next')]));
    expect(one.reach).toEqual(['1 up']);
  });

  test('a larger id: the connection is closed again, and what waits goes over the one it dials', () => {
    const b = new Bench();
    const accepted = b.serve(7);
    b.send(7, 'vote');
    expect(accepted[0]?.bytes).toEqual(OPENING);
    expect(accepted[0]?.ended_).toBe(true);
    b.send(7, 'newer vote');
    const back = b.dial(opening(7n, 1007));
    expect(back.bytes).toEqual(frame('newer vote'));
    expect(b.port.connectedSids).toEqual([7n]);
  });

  test('a larger id that does not dial back is asked again', () => {
    const b = new Bench();
    const accepted = b.serve(7);
    b.send(7, 'vote');
    b.pass(1000);
    expect(accepted.length).toBeGreaterThan(2);
    expect(accepted.length).toBeLessThan(8);
    b.port.rest();
    const before = accepted.length;
    b.pass(5000);
    expect(accepted.length).toBe(before);
  });

  test('nobody there: told, and tried again while a message waits, not without pauses', () => {
    const b = new Bench();
    b.port.wake();
    b.send(1, 'old');
    b.send(1, 'new');
    expect(b.reach).toEqual(['1 down']);
    b.pass(3000);
    const tries = b.heard.named('election.unreachable').length;
    expect(tries).toBeGreaterThan(4);
    expect(tries).toBeLessThan(12);
    const accepted = b.serve(1);
    b.pass(1100);
    expect(accepted.at(-1)?.bytes).toEqual(Buffer.concat([OPENING, frame('new')]));
    expect(b.reach).toEqual(['1 down', '1 up']);
  });

  test('outside an election an answer is dropped after some tries', () => {
    const b = new Bench();
    b.send(1, 'answer');
    b.pass(60_000);
    expect(b.heard.named('election.unreachable').length).toBeLessThan(10);
  });

  test('several addresses are tried in turn', () => {
    const b = new Bench();
    const addresses = [1050, 1051, 1001].map((port) => ({ host: '127.0.0.1', port }));
    b.port.configure(new Map([[1n, addresses]]), []);
    const accepted = b.serve(1);
    b.send(1, 'vote');
    expect(accepted.length).toBe(1);
    expect(b.reach).toEqual(['1 up']);
  });

  test('a server without an address is unreachable', () => {
    const b = new Bench();
    b.send(3, 'vote');
    expect(b.reach).toEqual(['3 down']);
    b.send(5, 'to myself');
    expect(b.reach).toEqual(['3 down']);
  });

  test('version 2 names every address', () => {
    const b = new Bench({ multiAddress: true });
    const own = [1005, 1006].map((port) => ({ host: 'h', port }));
    b.port.configure(new Map([[1n, [{ host: '127.0.0.1', port: 1001 }]]]), own);
    const accepted = b.serve(1);
    b.send(1, 'x');
    const expected = encodeInitialMessage({ version: 'v2', sid: SELF, addresses: ['h:1005', 'h:1006'] });
    expect(accepted[0]?.bytes.subarray(0, expected.length)).toEqual(expected);
  });
});

describe('being dialled', () => {
  test.each(['v1', 'v2', 'legacy'] as const)('by a larger id (%s): kept, at every cut', (version) => {
    const bytes = Buffer.concat([
      opening(7n, 1007, version),
      frame('a'),
      frame('bcd'),
      frame('x'.repeat(600)),
    ]);
    for (const cut of [1, 2, 3, 7, 19, 20, 21, 35, bytes.length]) {
      const b = new Bench();
      b.words = 'hello';
      const raw = b.dial(bytes, cut);
      expect(b.messages).toEqual(['7: a', '7: bcd', `7: ${'x'.repeat(600)}`]);
      expect(raw.bytes).toEqual(frame('hello 7'));
      expect(b.reach).toEqual(['7 up']);
    }
  });

  test('by a smaller id: dropped, and dialled back where it says', () => {
    const b = new Bench();
    const accepted = b.serve(44);
    const raw = b.dial(opening(1n, 1044));
    expect(raw.ended_).toBe(true);
    expect(accepted[0]?.bytes).toEqual(OPENING);
    accepted[0]?.socket?.write(frame('vote'));
    b.settle();
    expect(b.messages).toEqual(['1: vote']);
  });

  test('by a smaller id with a wildcard, or nothing there: dialled where the configuration says', () => {
    const b = new Bench();
    const accepted = b.serve(1);
    b.dial(encodeInitialMessage({ version: 'v1', sid: 1n, addresses: ['0.0.0.0:1044'] }));
    expect(accepted.length).toBe(1);
    const c = new Bench();
    const other = c.serve(1);
    c.dial(opening(1n, 1099));
    expect(other.length).toBe(1);
  });

  test('a newer connection replaces the older one', () => {
    const b = new Bench();
    b.words = 'now';
    const first = b.dial(opening(7n, 1007));
    const second = b.dial(opening(7n, 1007));
    expect(first.gone).toBe(true);
    expect(second.bytes).toEqual(frame('now 7'));
    b.send(7, 'vote');
    expect(second.bytes).toEqual(Buffer.concat([frame('now 7'), frame('vote')]));
    expect(b.port.connectedSids).toEqual([7n]);
  });

  test('a smaller id that lost its connection gets a new one; the old one goes', () => {
    const b = new Bench();
    const accepted = b.serve(1);
    b.send(1, 'vote');
    b.words = 'still';
    b.dial(opening(1n, 1001));
    expect(accepted.length).toBe(2);
    expect(accepted[0]?.gone).toBe(true);
    expect(accepted[1]?.bytes).toEqual(Buffer.concat([OPENING, frame('still 1')]));
  });

  test('connections that do not say who they are: not too many, not for long, and not in the way of others', () => {
    const b = new Bench();
    const silent = Array.from({ length: 9 }, () => b.dial(Buffer.alloc(0)));
    expect(silent.map((raw) => raw.gone)).toEqual([true, true, true, true, true, false, false, false, false]);
    b.dial(Buffer.concat([opening(7n, 1007), frame('vote')]));
    expect(b.messages).toEqual(['7: vote']);
    b.pass(OPTIONS.handshakeTimeoutMs + 100);
    expect(silent.every((raw) => raw.gone)).toBe(true);
    for (let i = 0; i < 4; i++) expect(b.dial(Buffer.alloc(0)).gone).toBe(false);
  });

  test('by oneself, or who says so: refused', () => {
    const b = new Bench();
    expect(b.dial(opening(SELF, 1005)).gone).toBe(true);
    expect(b.refused()).toEqual(['it says it is server 5, which is this server']);
  });

  test('old observers without an id are told apart', () => {
    const b = new Bench();
    const nobody = (1n << 63n) - 1n;
    const [one, two] = [b.dial(opening(nobody, 1)), b.dial(opening(nobody, 1))];
    one.socket?.write(frame('a'));
    two.socket?.write(frame('b'));
    b.settle();
    expect(b.messages).toEqual(['-1: a', '-2: b']);
    b.send(-2, 'answer');
    expect(two.bytes).toEqual(frame('answer'));
  });

  test('strangers may talk, but not too many', () => {
    const b = new Bench();
    const raws = [20n, 21n, 22n, 23n].map((sid) => b.dial(opening(sid, 1099)));
    expect(raws.map((r) => r.gone)).toEqual([false, false, false, true]);
    expect(b.refused().length).toBe(1);
    expect(b.dial(opening(9n, 1009)).gone).toBe(false);
    raws[0]?.socket?.destroy();
    b.settle();
    expect(b.dial(opening(24n, 1099)).gone).toBe(false);
  });

  test('a message that was begun must be completed', () => {
    const b = new Bench();
    const raw = b.dial(Buffer.concat([opening(7n, 1007), frame('whole'), frame('half').subarray(0, 6)]));
    b.pass(990);
    expect(raw.gone).toBe(false);
    b.pass(20);
    expect(raw.gone).toBe(true);
    const quiet = b.dial(Buffer.concat([opening(7n, 1007), frame('whole')]));
    b.pass(100_000);
    expect(quiet.gone).toBe(false);
  });
});

describe('hostile bytes', () => {
  const length = (n: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(n, 0);
    return bytes;
  };
  const badAddress = (n: number): Buffer => Buffer.concat([opening(7n, 1).subarray(0, 16), length(n)]);

  test.each([
    ['an unknown version', Buffer.from('ffffffffffff0002', 'hex')],
    ['an address of no bytes', badAddress(0)],
    ['an address of -1 bytes', badAddress(-1)],
    ['an address of too many bytes', badAddress(2049)],
    ['a negative id', opening(-7n, 1)],
    ['a message of no bytes', Buffer.concat([opening(7n, 1), length(0)])],
    ['a message of -1 bytes', Buffer.concat([opening(7n, 1), length(-1)])],
    ['a message of too many bytes', Buffer.concat([opening(7n, 1), length(ELECTION_MESSAGE_MAX + 1)])],
  ])('%s: refused, and nobody else is', (_what, bytes) => {
    for (const cut of [1, bytes.length]) {
      const b = new Bench();
      const good = b.dial(opening(9n, 1009));
      expect(b.dial(bytes, cut).gone).toBe(true);
      expect(b.refused().length).toBe(1);
      good.socket?.write(frame('fine'));
      b.settle();
      expect(b.messages).toEqual(['9: fine']);
    }
  });

  test('the longest message is taken', () => {
    const b = new Bench();
    b.dial(Buffer.concat([opening(7n, 1), frame('y'.repeat(ELECTION_MESSAGE_MAX))]), 60_000);
    expect(b.messages[0]?.length).toBe(ELECTION_MESSAGE_MAX + 3);
  });

  test('any bytes: no throw, and the port goes on', () => {
    const prefix = fc.constantFrom(
      Buffer.alloc(0),
      opening(7n, 1007),
      opening(1n, 1001),
      opening(33n, 1001, 'v2'),
    );
    fc.assert(
      fc.property(
        prefix,
        fc.uint8Array({ maxLength: 60 }),
        fc.integer({ min: 1, max: 30 }),
        (start, bytes, cut) => {
          const b = new Bench();
          b.dial(Buffer.concat([start, bytes]), cut);
          b.dial(Buffer.concat([opening(9n, 1009), frame('fine')]));
          expect(b.messages.at(-1)).toBe('9: fine');
        },
      ),
      { numRuns: 200 },
    );
  });

  test.each([
    ['h:1', 1],
    ['[::1]:2', 1],
    ['10.0.0.1:65535', 1],
    ['0.0.0.0:1', 0],
    ['[::]:1', 0],
    [':1', 0],
    ['h', 0],
    ['h:0', 0],
    ['h:65536', 0],
    ['h:x', 0],
    ['a b:1', 0],
    ['\u0000:1', 0],
    [`${'h'.repeat(300)}:1`, 0],
  ])('the address %j counts %i', (text, count) => {
    expect(parseElectionAddresses([text]).length).toBe(count);
  });
});

describe('connections that end', () => {
  test('during an election a member is dialled again at once; its death is then known', () => {
    const b = new Bench();
    b.port.wake();
    const accepted = b.serve(1);
    b.send(1, 'vote');
    accepted[0]?.socket?.write(frame('mine'));
    b.settle();
    b.words = 'again';
    accepted[0]?.socket?.destroy();
    b.settle();
    expect(accepted[1]?.bytes).toEqual(Buffer.concat([OPENING, frame('again 1')]));
  });

  test('who accepts and closes without a word is dialled with pauses', () => {
    const b = new Bench();
    b.port.wake();
    let count = 0;
    b.net.listen(
      { host: '127.0.0.1', port: 1001 },
      (socket) => {
        count++;
        socket.destroy();
        return undefined;
      },
      () => {},
    );
    b.send(1, 'vote');
    b.pass(3000);
    expect(count).toBeGreaterThan(2);
    expect(count).toBeLessThan(15);
  });

  test('outside an election it is not, until there is something to say', () => {
    const b = new Bench();
    const accepted = b.serve(1);
    b.send(1, 'vote');
    accepted[0]?.socket?.destroy();
    b.pass(5000);
    expect(accepted.length).toBe(1);
    b.send(1, 'answer');
    expect(accepted[1]?.bytes).toEqual(Buffer.concat([OPENING, frame('answer')]));
  });

  test('one message waits for a peer that does not read: the newest', () => {
    const b = new Bench();
    const accepted = b.serve(1);
    b.send(1, 'first');
    accepted[0]?.socket?.pause();
    const large = 'z'.repeat(60_000);
    for (let i = 0; i < 8; i++) b.send(1, `${i}${large}`);
    accepted[0]?.socket?.resume();
    b.settle();
    const got = (accepted[0] as Raw).bytes.subarray(OPENING.length + frame('first').length);
    const seen: string[] = [];
    for (let at = 0; at < got.length; at += 4 + 60_001) seen.push(got.toString('latin1', at + 4, at + 5));
    expect(seen.at(-1)).toBe('7');
    expect(seen.length).toBeLessThan(6);
  });

  test('a silent connection is made anew', () => {
    const b = new Bench();
    const accepted = b.serve(1);
    b.send(1, 'vote');
    b.words = 'hey';
    b.port.renew(1n);
    b.settle();
    expect(accepted[0]?.gone).toBe(true);
    expect(accepted[1]?.bytes).toEqual(Buffer.concat([OPENING, frame('hey 1')]));
  });

  test('close ends everything, and nobody is accepted or dialled any more', () => {
    const b = new Bench();
    const accepted = b.serve(1);
    b.send(1, 'vote');
    const raws = [b.dial(opening(7n, 1007)), b.dial(Buffer.alloc(2))];
    let done = false;
    b.port.close(() => {
      done = true;
    });
    b.settle();
    expect(done).toBe(true);
    expect([accepted[0], ...raws].map((r) => r?.gone)).toEqual([true, true, true]);
    b.send(9, 'vote');
    b.pass(5000);
    expect(b.reach.includes('9 down')).toBe(false);
    expect(b.dial(opening(7n, 1007)).gone).toBe(true);
  });
});
