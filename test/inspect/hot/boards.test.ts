import { describe, expect, it } from 'vitest';
import type { EventName, FieldsOf, ZktEvent } from '../../../src/events/table.ts';
import { ServerSeconds } from '../../../src/inspect/hot/server-seconds.ts';
import { StormBoard, stormText } from '../../../src/inspect/hot/storm-board.ts';
import { UseBoard } from '../../../src/inspect/hot/use-board.ts';
import { SECONDS_KEPT, UseSums } from '../../../src/inspect/hot/use-sums.ts';
import { WatchBoard } from '../../../src/inspect/hot/watch-board.ts';

const START = 1_700_000_000_000;
const event = <N extends EventName>(name: N, node: number, second: number, fields: FieldsOf<N>): ZktEvent =>
  ({ name, node: String(node), seq: 1, time: START + second * 1000 + node, fields }) as ZktEvent;

/** "node second kind key count": a sample of a second. */
const used = (line: string): ZktEvent => {
  const [node = '', second = '', kind = '', key = '', count = ''] = line.split(' ');
  const fields = { kind, key, count: Number(count), writes: Number(count) / 2, bytes: Number(count) * 10 };
  return event('hot.sampled', Number(node), Number(second), { ...fields, ms: 1000 });
};
/** "node second kind key watches neverFired oldestMs". */
const watched = (line: string): ZktEvent => {
  const [node = '', second = '', kind = '', key = '', watches, neverFired, oldestMs] = line.split(' ');
  return event('watch.sampled', Number(node), Number(second), {
    ...{ kind, key, added: 1, fired: 2 },
    watches: Number(watches),
    neverFired: Number(neverFired),
    oldestMs: Number(oldestMs),
  });
};
const board = <B extends { take(event: ZktEvent): void }>(made: B, events: readonly ZktEvent[]): B => {
  for (const each of events) made.take(each);
  return made;
};

describe('seconds of several servers', () => {
  it('are those of their clocks while these agree by and large', () => {
    const seconds = new ServerSeconds();
    expect(seconds.of('1', START + 999)).toBe(START / 1000 + 1);
    expect(seconds.of('2', START + 1_700)).toBe(START / 1000 + 2);
    expect([seconds.settled, seconds.newest]).toEqual([START / 1000 + 1, START / 1000 + 2]);
  });
  it('a clock an hour behind, and one an hour ahead: what arrives together belongs together', () => {
    for (const off of [-3_600_000, 3_600_000]) {
      const seconds = new ServerSeconds();
      let difference = 0;
      for (let s = 0; s < 20; s++) {
        const here = seconds.of('1', START + s * 1000);
        difference = Math.abs(here - seconds.of('2', START + s * 1000 + off));
        difference = Math.max(difference, seconds.newest - seconds.settled);
      }
      expect(difference).toBeLessThanOrEqual(1);
    }
  });
  it('a server that is silent is not waited for', () => {
    const seconds = new ServerSeconds();
    seconds.of('1', START);
    for (let s = 0; s < 10; s++) seconds.of('2', START + s * 1000);
    expect(seconds.settled).toBe(START / 1000 + 9);
  });
});

describe('sums by second', () => {
  it('forget what is older than a minute, but not in the total', () => {
    const sums = new UseSums();
    for (let second = 100; second < 300; second++) sums.add(second, { count: 1, writes: 1, bytes: 2 });
    expect(sums.sum(299, 10)).toEqual({ count: 10, writes: 10, bytes: 20 });
    expect(sums.sum(299, 1000).count).toBe(SECONDS_KEPT);
    expect(sums.total.count).toBe(200);
    sums.add(10, { count: 5, writes: 0, bytes: 0 });
    expect([sums.total.count, sums.sum(299, 1000).count]).toEqual([205, SECONDS_KEPT]);
    sums.add(10_000, { count: 3, writes: 0, bytes: 0 });
    expect(sums.sum(10_000, 1000).count).toBe(3);
    expect(sums.history(10_001, 3)).toEqual([0, 3, 0]);
  });
});

describe('what is used', () => {
  it('is summed over servers, and shares are of all there is', () => {
    const uses = board(new UseBoard(), [
      ...['1 1 op get 90', '1 1 op set 10', '1 1 path /a 60', '1 1 client c 100'].map(used),
      ...['2 1 op get 100', '2 1 path /a 20', '2 1 path /b 80'].map(used),
    ]);
    expect(uses.total(3)).toEqual({ count: 200, writes: 100, bytes: 2000 });
    const rows = uses.rows('path', 'count', 3);
    expect(rows.map(({ key, use, share }) => [key, use.count, share])).toEqual([
      ['/a', 80, 0.4],
      ['/b', 80, 0.4],
    ]);
    expect(rows[0]?.nodes).toEqual([
      { node: '1', perS: 60 },
      { node: '2', perS: 20 },
    ]);
    expect(rows[0]?.history().slice(-3)).toEqual([-1, -1, 80]);
  });
  it('is a mean over the seconds asked for, as far as they were told', () => {
    const uses = board(new UseBoard(), ['1 1 op x 10', '1 2 op x 20', '1 3 op x 60'].map(used));
    expect([1, 2, 3, 10, 'all' as const].map((s) => uses.total(s).count)).toEqual([60, 40, 30, 30, 30]);
  });
  it('waits for the slowest server that goes on, so that no sum is a part', () => {
    const uses = board(new UseBoard(), ['1 1 op x 10', '2 1 op x 10', '1 2 op x 10'].map(used));
    expect(uses.total(1).count).toBe(20);
  });
  it('what is used no more is left out after these seconds', () => {
    const uses = board(new UseBoard(), [
      ...['1 1 path /old 5', '1 1 op x 5'].map(used),
      ...[2, 3, 4, 5].map((s) => used(`1 ${s} op x 5`)),
    ]);
    expect(uses.rows('path', 'count', 3)).toEqual([]);
    expect(uses.rows('path', 'count', 'all').length).toBe(1);
  });
  it('nothing asked for is nothing, and no silence', () => {
    const idle = (node: number, second: number, kind: string, requestsPerS: number): ZktEvent =>
      event('server.sampled', node, second, { kind, requestsPerS } as FieldsOf<'server.sampled'>);
    const uses = board(new UseBoard(), [idle(1, 1, 'zkt', -1), idle(2, 1, 'apache', 0)]);
    expect(uses.told).toBe(false);
    for (let s = 2; s < 5; s++) uses.take(idle(1, s, 'zkt', 0));
    expect([uses.told, uses.total(3)]).toEqual([true, { count: 0, writes: 0, bytes: 0 }]);
    for (const line of ['1 5 op x 30', '1 5 path /a 30']) uses.take(used(line));
    expect([uses.total(3).count, uses.rows('path', 'count', 3).length]).toEqual([10, 1]);
    for (let s = 6; s < 10; s++) uses.take(idle(1, s, 'zkt', 0));
    expect([uses.total(3).count, uses.rows('path', 'count', 3)]).toEqual([0, []]);
    expect(uses.settledMs).toBe(START + 9_000);
  });
  it('what a server of Apache does not tell is unknown, until another tells it', () => {
    const apache = { kind: 'op', key: 'reads', count: 10, writes: -1, bytes: -1, ms: 5000 };
    const uses = board(new UseBoard(), [
      event('hot.sampled', 1, 1, { ...apache, ms: 1000 }),
      event('hot.sampled', 1, 6, apache),
    ]);
    // What was counted over five seconds is no peak of one.
    expect(uses.total(1)).toEqual({ count: 2, writes: -1, bytes: -1 });
    expect(uses.rows('op', 'bytes', 3)).toMatchObject([
      { use: { count: 2, writes: -1, bytes: -1 }, share: 0 },
    ]);
    uses.take(used('2 6 op get 6'));
    expect(uses.total(3)).toEqual({ count: 4, writes: 1, bytes: 20 });
  });
  it('kinds that it does not know are left out, and keys are bounded', () => {
    const uses = board(new UseBoard(), [used('1 1 colour red 5')]);
    expect(uses.told).toBe(false);
    for (let i = 0; i < 1_000; i++) uses.take(used(`1 ${1 + Math.floor(i / 100)} path /p${i} 1`));
    expect(uses.rows('path', 'count', 'all').length).toBeLessThanOrEqual(400);
    expect(uses.rows('path', 'count', 1).length).toBe(100);
  });
});

describe('what is watched', () => {
  it('is summed over servers; the oldest of any counts', () => {
    const watches = board(new WatchBoard(), ['1 1 path /a 5 5 9000', '2 1 path /a 7 0 4000'].map(watched));
    expect(watches.rows('path', 'watches')).toEqual([
      {
        ...{ kind: 'path', key: '/a', watches: 12, neverFired: 5, oldestMs: 9000, growthPerMin: 0 },
        ...{ added: 2, fired: 4, nodes: ['1', '2'], history: [12] },
      },
    ]);
  });
  it('growth is of what each server said, whenever it was found', () => {
    const told = [1, 2, 3, 4, 5].flatMap((s) => [
      watched(`1 ${s} path /leak ${100 + s * 2} 0 1000`),
      // Found later: its watches are no growth.
      ...(s < 3 ? [] : [watched(`2 ${s} path /leak 5000 0 1000`)]),
    ]);
    const [row] = board(new WatchBoard(), told).rows('path', 'growth');
    expect([row?.watches, row?.growthPerMin]).toEqual([5110, 120]);
  });
  it('a key that a server tells of no more is gone, and so are servers that are gone', () => {
    const watches = board(new WatchBoard(), [
      ...['1 1 path /gone 5 5 9000', '2 1 path /lost 5 5 9000'].map(watched),
      ...[2, 3, 4, 5, 6].map((s) => watched(`1 ${s} path /stays 1 0 1000`)),
    ]);
    expect(watches.rows('path', 'watches').map(({ key }) => key)).toEqual(['/stays']);
  });
  it('servers of Apache tell seldom, and neither age nor firing', () => {
    const unknown = { neverFired: -1, oldestMs: -1, added: -1, fired: -1 };
    const watches = new WatchBoard();
    for (let s = 1; s <= 21; s++) {
      if (s % 5 === 1) {
        const fields = { kind: 'path', key: '/a', watches: 100 + s, ...unknown };
        watches.take(event('watch.sampled', 1, s, fields));
      }
      watches.take(watched(`2 ${s} path /b 1 0 0`));
      expect(watches.rows('path', 'watches').map(({ key }) => key)).toEqual(['/a', '/b']);
    }
    expect(watches.rows('path', 'watches')[0]).toMatchObject({ ...unknown, watches: 121, growthPerMin: 60 });
  });
  it('orders by number, growth and age, and keeps a bounded number of keys', () => {
    const told = [1, 2, 3].flatMap((s) =>
      [`many 900 0 1000`, `growing ${s * 10} 0 5000`, 'old 10 10 9000'].map((it) =>
        watched(`1 ${s} client ${it}`),
      ),
    );
    const watches = board(new WatchBoard(), told);
    const first = (['watches', 'growth', 'age'] as const).map((by) => watches.rows('client', by)[0]?.key);
    expect(first).toEqual(['many', 'growing', 'old']);
    for (let i = 0; i < 500; i++) watches.take(watched(`1 3 client c${i} 1 1 1`));
    expect(watches.rows('client', 'watches').length).toBeLessThanOrEqual(200);
  });
});

describe('storms', () => {
  const sampled = (node: number, second: number, rates: [number, number, number], sessions: number) => {
    const [sessionsCreatedPerS, sessionsResumedPerS, sessionsExpiredPerS] = rates;
    const fields = { sessionsCreatedPerS, sessionsResumedPerS, sessionsExpiredPerS, sessions };
    return event('server.sampled', node, second, fields as FieldsOf<'server.sampled'>);
  };
  const check = (rates: [number, number, number], sessions: number, storms: string[]) => {
    const found = board(new StormBoard(), [
      sampled(1, 1, rates, sessions),
      sampled(2, 1, [0, 0, 0], sessions),
    ]);
    expect(found.storms().map(stormText)).toEqual(storms);
  };
  it('a few among few are none, many among many are none, many among few are one', () => {
    check([5, 5, 5], 8, []);
    check([300, 300, 100], 10_000, []);
    check([301, 0, 0], 3_000, ['a storm of new sessions, 301 per second']);
    check([0, 160, 65], 3_000, [
      'a storm of reconnects, 160 per second',
      'a storm of expiries, 65 per second',
    ]);
  });
  it('what no server tells is unknown, and no storm', () => {
    const found = board(new StormBoard(), [sampled(1, 1, [-1, -1, -1], 5_000)]);
    expect(found.now()).toEqual({ created: -1, resumed: -1, expired: -1, sessions: 5_000 });
    expect(found.storms()).toEqual([]);
    found.take(sampled(2, 1, [3, -1, 0], 5_000));
    expect(found.now()).toEqual({ created: 3, resumed: -1, expired: 0, sessions: 5_000 });
  });
  it('the highest is remembered, the last minutes too', () => {
    const found = board(
      new StormBoard(),
      [1, 2, 3].map((s) => sampled(1, s, [0, s === 2 ? 500 : 1, 0], 100)),
    );
    expect(found.storms()).toEqual([]);
    expect(found.storms(found.peak()).map(({ kind }) => kind)).toEqual(['resumed']);
    expect(found.history('resumed', 4)).toEqual([-1, 1, 500, 1]);
  });
});
