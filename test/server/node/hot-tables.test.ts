import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.ts';
import { JuteWriter } from '../../../src/jute/writer.ts';
import { PathWatchRequest } from '../../../src/protocol/messages.ts';
import { MultiRequest } from '../../../src/protocol/multi.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import { type HotClient, type HotKind, HotTables } from '../../../src/server/node/hot-tables.ts';

const CLIENT: HotClient = { remoteAddress: '10.0.0.7', clientName: '', sessionId: -1n };
const bytesOf = (write: (w: JuteWriter) => void): Buffer => {
  const w = new JuteWriter(256);
  write(w);
  return Buffer.from(w.bytes());
};
const read = (path: string): Buffer => bytesOf((w) => PathWatchRequest.write(w, { path, watch: false }));

/** Offers a request; it is looked at when that is due. */
function ask(hot: HotTables, op: number, body: Buffer, moved = body.length, from = CLIENT): void {
  if (hot.due()) hot.look(from, op, body, 0, body.length, moved);
}
const top = (hot: HotTables, kind: HotKind): [string, number][] =>
  hot.top(kind, 10).map(({ key, count, error }) => [key, count - error]);

describe('what is counted', () => {
  it('every request while there are few', () => {
    const hot = new HotTables(new Prng(1));
    for (let i = 0; i < 30; i++) ask(hot, OP.getData, read('/a'), 100);
    ask(hot, OP.setData, read('/b'), 50, { ...CLIENT, clientName: 'orders' });
    ask(hot, OP.ping, Buffer.alloc(0));
    expect(top(hot, 'path')).toEqual([
      ['/a', 30],
      ['/b', 1],
    ]);
    expect(top(hot, 'client')).toEqual([
      ['10.0.0.7', 31],
      ['orders@10.0.0.7', 1],
    ]);
    expect(top(hot, 'session')).toEqual([['0xffffffffffffffff', 32]]);
    expect(top(hot, 'op')).toEqual([
      ['getData', 30],
      ['setData', 1],
      ['ping', 1],
    ]);
    expect(hot.top('path', 2).map(({ writes, bytes }) => [writes, bytes])).toEqual([
      [0, 3_000],
      [1, 50],
    ]);
  });
  it('a multi as one operation, and at each of its paths', () => {
    const hot = new HotTables(new Prng(1));
    const multi = bytesOf((w) =>
      MultiRequest.write(w, [
        { op: OP.delete, req: { path: '/a', version: -1 } },
        { op: OP.check, req: { path: '/b', version: 1 } },
      ]),
    );
    ask(hot, OP.multi, multi);
    expect(top(hot, 'op')).toEqual([['multi', 1]]);
    expect(top(hot, 'path')).toEqual([
      ['/a', 1],
      ['/b', 1],
    ]);
    // What is cut short is somebody else's trouble.
    ask(hot, OP.multi, multi.subarray(0, 12));
    ask(hot, OP.getData, Buffer.from([0, 0, 1]));
    ask(hot, 4711, read('/c'));
    expect(top(hot, 'path').length).toBe(2);
  });
  it('a path of a megabyte as its beginning', () => {
    const hot = new HotTables(new Prng(1));
    ask(hot, OP.exists, read(`/${'x'.repeat(1_000_000)}`));
    expect(top(hot, 'path')[0]?.[0].length).toBe(513);
  });
});

/** A second of so many requests, which take turns in the order of `paths`. */
function second(hot: HotTables, requests: number, paths: readonly string[]): { looked: number } {
  let looked = 0;
  const bodies = paths.map(read);
  hot.restart(1000);
  for (let i = 0; i < requests; i++) {
    if (!hot.due()) continue;
    looked++;
    const body = bodies[i % bodies.length] as Buffer;
    hot.look(CLIENT, OP.getData, body, 0, body.length, body.length);
  }
  return { looked };
}

describe('a busy server', () => {
  it('looks at about two thousand a second, and tells about the truth', () => {
    for (const requests of [3_000, 20_000, 150_000]) {
      const hot = new HotTables(new Prng(requests));
      second(hot, requests, ['/a', '/b', '/b', '/b']);
      const { looked } = second(hot, requests, ['/a', '/b', '/b', '/b']);
      expect(looked).toBeLessThan(2_600);
      expect(looked).toBeGreaterThan(1_200);
      const counts = new Map(top(hot, 'path'));
      // Paths that take turns with the looks must not hide from them.
      expect((counts.get('/a') ?? 0) / requests).toBeCloseTo(0.25, 1);
      expect((counts.get('/b') ?? 0) / requests).toBeCloseTo(0.75, 1);
    }
  });
  it('of traffic that comes all at once not many more are looked at', () => {
    const hot = new HotTables(new Prng(9));
    second(hot, 10, ['/a']);
    const { looked } = second(hot, 200_000, ['/a']);
    expect(looked).toBeLessThan(20_000);
    const [[, count] = ['', 0]] = top(hot, 'path');
    expect(count / 200_000).toBeCloseTo(1, 1);
  });
  it('when it rests again, every request is looked at again', () => {
    const hot = new HotTables(new Prng(2));
    second(hot, 100_000, ['/a']);
    second(hot, 10, ['/a']);
    expect(second(hot, 10, ['/a']).looked).toBe(10);
  });
});
