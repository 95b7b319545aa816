import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Emitter } from '../../../src/events/bus.ts';
import { SILENT } from '../../../src/events/bus.ts';
import { ERR } from '../../../src/protocol/error-codes.ts';
import { SessionTracker } from '../../../src/server/session/session-tracker.ts';

const TICK = 100;
const tracker = (events: Emitter = SILENT) => new SessionTracker({ tickMs: TICK, firstId: 1n, events });

describe('expiry', () => {
  /** [timeout, touched at] -> the time the session falls due. */
  const check = (timeoutMs: number, now: number, due: number) => {
    const t = tracker();
    t.track(1n, timeoutMs, now);
    expect(t.nextDeadline()).toBe(due);
    expect(t.due(due - 1)).toEqual([]);
    expect(t.due(due).map((s) => s.id)).toEqual([1n]);
    expect(t.due(due + 10_000)).toEqual([]);
    expect(t.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  };
  it('falls on the next whole tick after now + timeout', () => {
    check(250, 0, 300);
    check(299, 0, 300);
    check(300, 0, 400); // exactly on a tick: the next one, for early is forbidden
    check(200, 99.5, 300);
    check(200, 100, 400);
    check(1, 0, 100);
  });

  it('hands a session out once, closing, and touches it no more', () => {
    const t = tracker();
    const s = t.track(7n, 50, 0);
    expect(t.due(100)).toEqual([s]);
    expect(s.closing).toBe(true);
    expect(t.touch(7n, 50, 100)).toBe(false);
    expect(t.touchSession(s, 50, 100)).toBe(false);
    expect(t.check(7n, undefined)).toBe(ERR.SESSIONEXPIRED);
    expect(t.size).toBe(1);
    expect(t.remove(7n)).toBe(true);
    expect(t.remove(7n)).toBe(false);
    expect(t.size).toBe(0);
  });

  it('never expires a session whose close was asked for', () => {
    const t = tracker();
    t.track(7n, 50, 0);
    expect(t.markClosing(7n)).toBe(true);
    expect(t.due(1e9)).toEqual([]);
    expect(t.markClosing(8n)).toBe(false);
  });

  it('is put off by a touch, and brought forward by one with a shorter timeout', () => {
    const t = tracker();
    const s = t.track(7n, 1000, 0);
    expect(s.bucketMs).toBe(1100);
    expect(t.touch(7n, 1000, 550)).toBe(true);
    expect(s.bucketMs).toBe(1600);
    expect(t.touch(7n, 100, 600)).toBe(true);
    expect(s.bucketMs).toBe(800);
    expect(t.touch(9n, 100, 600)).toBe(false);
  });

  it('takes several due buckets in their order', () => {
    const t = tracker();
    t.track(3n, 250, 0);
    t.track(1n, 50, 0);
    t.track(2n, 150, 0);
    t.track(4n, 900, 0);
    expect(t.due(350).map((s) => s.id)).toEqual([1n, 2n, 3n]);
    expect([...t.bucketList()].map(([at, list]) => [at, [...list].map((s) => s.id)])).toEqual([[1000, [4n]]]);
  });

  it('agrees with a model that keeps one deadline a session', () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('track' as const),
        id: fc.bigInt(1n, 6n),
        ms: fc.integer({ min: 1, max: 700 }),
      }),
      fc.record({
        do: fc.constant('touch' as const),
        id: fc.bigInt(1n, 6n),
        ms: fc.integer({ min: 1, max: 700 }),
      }),
      fc.record({ do: fc.constant('close' as const), id: fc.bigInt(1n, 6n), ms: fc.constant(0) }),
      fc.record({ do: fc.constant('remove' as const), id: fc.bigInt(1n, 6n), ms: fc.constant(0) }),
      fc.record({
        do: fc.constant('wait' as const),
        id: fc.constant(0n),
        ms: fc.integer({ min: 0, max: 400 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const t = tracker();
        const model = new Map<bigint, { until: number; closing: boolean }>();
        let now = 0;
        for (const s of steps) {
          const known = model.get(s.id);
          const until = now + s.ms;
          if (s.do === 'wait') {
            now += s.ms;
            const due = t.due(now).map((x) => x.id);
            for (const [id, m] of model) {
              const expired = due.includes(id);
              if (m.closing) expect(expired).toBe(false);
              else if (m.until >= now)
                expect(expired).toBe(false); // never early
              else if (m.until + TICK < now) expect(expired).toBe(true); // at most a tick late
              if (expired) m.closing = true;
            }
          } else if (s.do === 'track') {
            t.track(s.id, s.ms, now);
            if (known === undefined) model.set(s.id, { until, closing: false });
            else if (!known.closing) known.until = until;
          } else if (s.do === 'touch') {
            expect(t.touch(s.id, s.ms, now)).toBe(known !== undefined && !known.closing);
            if (known !== undefined) known.until = until;
          } else if (s.do === 'close') {
            expect(t.markClosing(s.id)).toBe(known !== undefined);
            if (known !== undefined) known.closing = true;
          } else {
            expect(t.remove(s.id)).toBe(model.delete(s.id));
          }
          const open = [...model].filter(([, m]) => !m.closing).map(([id]) => id);
          const inBuckets = [...t.bucketList()].flatMap(([, list]) => [...list].map((x) => x.id));
          expect(inBuckets.sort()).toEqual(open.sort());
          expect(t.size).toBe(model.size);
        }
      }),
    );
  });
});

describe('owners', () => {
  it('makes the first to ask the owner, and tells others that the session moved', () => {
    const t = tracker();
    const [a, b] = [{ at: 'a' }, { at: 'b' }];
    const s = t.track(7n, 50, 0);
    expect(t.check(7n, a)).toBe(ERR.OK);
    expect(t.check(7n, b)).toBe(ERR.SESSIONMOVED);
    expect(t.checkSession(s, a)).toBe(ERR.OK);
    expect(t.claim(7n, b)).toBe(true);
    expect(t.check(7n, a)).toBe(ERR.SESSIONMOVED);
    expect(t.check(7n, b)).toBe(ERR.OK);
    expect(t.claim(8n, b)).toBe(false);
    expect(t.check(8n, b)).toBe(ERR.SESSIONEXPIRED);
  });
});

describe('bookkeeping', () => {
  it('gives out ids no recovered session has', () => {
    const t = new SessionTracker({ tickMs: TICK, firstId: 5n, events: SILENT });
    t.restore(6n, 100, 0);
    t.restore(7n, 100, 0);
    expect([t.newId(), t.newId(), t.newId()]).toEqual([5n, 8n, 9n]);
  });

  it('lists ids and timeouts for a snapshot, closing sessions included', () => {
    const t = tracker();
    t.track(1n, 100, 0);
    t.track(2n, 200, 0);
    t.markClosing(1n);
    t.setTimeout(2n, 300);
    expect([...t.all()].map((s) => [s.id, s.timeoutMs])).toEqual([
      [1n, 100],
      [2n, 300],
    ]);
  });

  it('emits what happens, a touch only when the bucket changes', () => {
    const seen: string[] = [];
    const on = new Proxy(SILENT.on, { get: () => true });
    const t = tracker({
      on,
      emit: (name, f) =>
        seen.push(
          `${name} ${JSON.stringify(f, (_, v) => (`${v}` in f ? v : typeof v === 'bigint' ? Number(v) : v))}`,
        ),
    });
    t.track(1n, 100, 0);
    t.touch(1n, 100, 1);
    t.touch(1n, 100, 100);
    t.due(1000);
    t.restore(2n, 100, 0);
    expect(seen).toEqual([
      'session.created {"session":1,"timeoutMs":100,"bucketMs":200}',
      'session.touched {"session":1,"bucketMs":300}',
      'session.expired {"session":1,"timeoutMs":100,"bucketMs":300}',
    ]);
  });
});
