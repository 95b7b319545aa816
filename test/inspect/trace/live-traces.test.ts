/** Requests of others as they end: which are shown, and what is counted that was not seen. */
import { describe, expect, test } from 'vitest';
import { EventBook } from '../../../src/inspect/trace/event-book.ts';
import { LiveTraces, type LiveWanted } from '../../../src/inspect/trace/live-traces.ts';
import { SESSION, START_MS, Teller, writeThroughFollower, ZXID } from './story.ts';

/** Feeds a story in the order of time, each event when it happened; answers what came of it. */
function run(live: LiveTraces, t: Teller = writeThroughFollower()) {
  const events = [...t.events].sort((a, b) => a.time - b.time);
  for (const event of events) live.take(event, event.time - START_MS);
  return live.due(1_000);
}

describe('what is wanted', () => {
  const check = (wanted: LiveWanted, shown: boolean) =>
    expect(run(new LiveTraces(wanted)).map(({ op, path }) => `${op} ${path}`)).toEqual(
      shown ? ['setData /a'] : [],
    );
  test('everything', () => check({}, true));
  test('by session', () => {
    check({ session: SESSION }, true);
    check({ session: SESSION + 1n }, false);
  });
  test('by path', () => {
    check({ path: '/a' }, true);
    check({ path: '/' }, true);
    check({ path: '/ab' }, false);
    check({ path: '/a/b' }, false);
  });
  test('by operation', () => {
    check({ ops: new Set(['setData']) }, true);
    check({ ops: new Set(['create']) }, false);
  });
  test('by time', () => {
    check({ slowerMs: 2.8 }, true);
    check({ slowerMs: 3 }, false);
  });
});

test('a trace is whole: what others do after the answer is in it', () => {
  const t = writeThroughFollower();
  const late = t.events.findIndex(({ node, name }) => node === '2' && name === 'request.applied');
  t.events[late] = { ...(t.events[late] as (typeof t.events)[number]), time: START_MS + 90 };
  const [trace] = run(new LiveTraces({}), t);
  expect(trace?.missing).toEqual([]);
  expect(trace?.totalMs).toBeCloseTo(2.9, 2);
});

test('it waits a little after the answer', () => {
  const live = new LiveTraces({});
  for (const event of writeThroughFollower().events) live.take(event, event.time - START_MS);
  expect(live.due(50)).toEqual([]);
  expect(live.due(1_000)).toHaveLength(1);
  expect(live.due(2_000)).toEqual([]);
});

describe('what was not seen is counted', () => {
  test('a request whose beginning was not told', () => {
    const t = writeThroughFollower();
    const live = new LiveTraces({});
    for (const event of t.events) if (event.name !== 'request.received') live.take(event, 0);
    expect(live.due(1_000)).toEqual([]);
    expect(live.unseen.partial).toBe(1);
  });
  test('pings are no requests', () => {
    const live = new LiveTraces({});
    const ping = { session: SESSION, cxid: -2, op: 'ping', zxid: ZXID, err: 0, ms: 0 };
    run(live, new Teller().tell('1', 0, 'request.replied', ping));
    expect(live.unseen.partial).toBe(0);
  });
  test('drops and budgets, as streams tell them', () => {
    const t = new Teller();
    t.tell('1', 0, 'feed.dropped', { why: 'slow', count: 7, ms: 0 });
    t.tell('1', 1, 'feed.dropped', { why: 'budget', count: 0, ms: 200 });
    t.tell('2', 2, 'feed.dropped', { why: 'budget', count: 0, ms: 150 });
    const live = new LiveTraces({});
    run(live, t);
    expect(live.unseen).toMatchObject({ events: 7, untoldMs: 200 });
  });
  test('more at a time than there is room for', () => {
    const live = new LiveTraces({});
    for (let cxid = 1; cxid <= 10_000; cxid++) {
      const about = { session: SESSION, cxid, op: 'exists' };
      live.take(
        new Teller().tell('1', 0, 'request.received', { ...about, path: '/', bytes: 1 }).events[0] as never,
        0,
      );
      live.take(
        new Teller().tell('1', 0, 'request.replied', { ...about, zxid: 0n, err: 0, ms: 0 })
          .events[0] as never,
        0,
      );
    }
    expect(live.due(1_000).length + live.unseen.crowded + live.unseen.partial).toBe(10_000);
    expect(live.unseen.crowded).toBeGreaterThan(5_000);
  });
});

describe('the book of events', () => {
  test('finds by zxid what names no request, and the first word that covers it', () => {
    const book = new EventBook();
    const t = writeThroughFollower();
    t.tell('3', 9, 'log.synced', { count: 1, zxid: ZXID + 9n, ms: 5 });
    t.tell('3', 9, 'zab.committed', { zxid: ZXID + 1n });
    for (const event of t.events) book.take(event);
    const found = book.eventsOf({ session: SESSION, cxid: 5 });
    expect(found.filter(({ name, node }) => name === 'log.synced' && node === '3')).toHaveLength(1);
    expect(found.filter(({ name }) => name === 'zab.committed')).toHaveLength(1);
  });
  test('of many words about everything up to a zxid, the first that covers it', () => {
    const t = new Teller();
    for (let n = 1; n <= 20; n++) {
      t.tell('1', n, 'request.applied', { session: 1n, cxid: n, zxid: BigInt(n) });
      if (n % 3 === 0) t.tell('1', n, 'log.synced', { count: 3, zxid: BigInt(n), ms: 0 });
    }
    const book = new EventBook();
    for (const event of t.events) book.take(event);
    for (let n = 1; n <= 20; n++) {
      const covers = book
        .eventsOf({ session: 1n, cxid: n })
        .flatMap((it) => (it.name === 'log.synced' ? [Number(it.fields.zxid)] : []));
      expect(covers).toEqual(n > 18 ? [] : [Math.ceil(n / 3) * 3]);
    }
  });
  test('after a change of leaders, the words of the new epoch count', () => {
    const t = new Teller();
    for (const zxid of [5n, 9n, 7n, 8n]) t.tell('1', 0, 'log.synced', { count: 1, zxid, ms: Number(zxid) });
    t.tell('1', 0, 'request.applied', { session: 1n, cxid: 1, zxid: 6n });
    const book = new EventBook();
    for (const event of t.events) book.take(event);
    const found = book.eventsOf({ session: 1n, cxid: 1 }).find(({ name }) => name === 'log.synced');
    expect(found?.fields).toMatchObject({ zxid: 7n });
  });
  test('keeps no more than its limits', () => {
    const book = new EventBook({ requests: 10, eventsEach: 2, coversEach: 4 });
    const t = new Teller();
    for (let cxid = 1; cxid <= 100; cxid++) {
      for (let i = 0; i < 5; i++) t.tell('1', 0, 'request.forwarded', { session: 1n, cxid, op: '' });
      t.tell('1', 0, 'log.synced', { count: 1, zxid: BigInt(cxid), ms: 0 });
    }
    for (const event of t.events) book.take(event);
    expect(book.size).toBe(10);
    expect(book.lost).toBe(100 * 3 + 90 * 2);
    expect(book.eventsOf({ session: 1n, cxid: 100 })).toHaveLength(2);
    expect(book.eventsOf({ session: 1n, cxid: 1 })).toHaveLength(0);
  });
  test('forgets what was shown', () => {
    const book = new EventBook();
    for (const event of writeThroughFollower().events) book.take(event);
    book.forget({ session: SESSION, cxid: 5 });
    expect(book.eventsOf({ session: SESSION, cxid: 5 })).toEqual([]);
    expect(book.size).toBe(0);
  });
});
