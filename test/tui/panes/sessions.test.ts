/** How events become sessions and their buckets. */
import { describe, expect, it } from 'vitest';
import type { EventName, FieldsOf, ZktEvent } from '../../../src/events/table.ts';
import { bucketsOf, nextTickMs, trackerOf } from '../../../src/tui/panes/sessions/buckets.ts';
import { EVENTS_MAX, SESSIONS_MAX } from '../../../src/tui/panes/sessions/state.ts';
import { sessionsPane } from '../../../src/tui/panes/sessions.ts';
import { event, faces, STORY_START_MS } from '../stories.ts';
import { drawn, taken, textOf, tonesOf, view } from './drawing.ts';

const at = (ms: number): number => STORY_START_MS + ms;
const told = <N extends EventName>(ms: number, node: number, name: N, fields: FieldsOf<N>): ZktEvent =>
  event(name, fields, { node: String(node), time: at(ms) });

/** The monotonic clock of the leader is this far from the story's. */
const MONOTONIC = 700_000;
const TICK = 2_000;
const bucket = (ms: number, inMs: number, sessions: number, node = 3): ZktEvent =>
  told(ms, node, 'session.bucket-sampled', { bucketMs: MONOTONIC + ms + inMs, inMs, sessions, tickMs: TICK });
const session = (ms: number, id: number, changes: Partial<FieldsOf<'session.sampled'>> = {}): ZktEvent =>
  told(ms, 3, 'session.sampled', {
    session: BigInt(id),
    server: 1n,
    remote: `10.0.0.${id % 256}:4000`,
    client: '',
    timeoutMs: 10_000,
    leftMs: 8_000,
    bucketMs: MONOTONIC + ms + 8_000,
    ephemerals: 0,
    watches: 0,
    local: false,
    ...changes,
  });
const touched = (ms: number, id: number, inMs: number): ZktEvent =>
  told(ms, 3, 'session.touched', { session: BigInt(id), bucketMs: MONOTONIC + ms + inMs });

/** The buckets as `seconds to go x sessions`. */
const inWords = (events: readonly ZktEvent[], nowMs: number): string[] => {
  const tracker = trackerOf(taken(sessionsPane, events), view({ servers: faces(3) }));
  return tracker === undefined
    ? []
    : bucketsOf(tracker).map(({ atMs, sessions }) => `${(atMs - at(nowMs)) / 1000} s x${sessions}`);
};

describe('buckets', () => {
  it('come nearer, until the next sample', () => {
    const events = [bucket(0, 4_000, 3), bucket(0, 8_000, 5)];
    expect(inWords(events, 0)).toEqual(['4 s x3', '8 s x5']);
    expect(inWords(events, 1_500)).toEqual(['2.5 s x3', '6.5 s x5']);
  });

  it('that are not in the next sample are gone', () => {
    const events = [bucket(0, 4_000, 3), bucket(0, 8_000, 5), bucket(1_000, 7_000, 8)];
    expect(inWords(events, 1_000)).toEqual(['7 s x8']);
  });

  it('lose and win sessions between samples', () => {
    const events = [bucket(0, 4_000, 3), session(0, 1, { leftMs: 4_000 }), touched(500, 1, 9_500)];
    expect(inWords(events, 500)).toEqual(['3.5 s x2', '9.5 s x1']);
    const gone = [...events, told(600, 3, 'session.closed', { session: 1n, ephemerals: 0, zxid: 1n })];
    expect(inWords(gone, 500)).toEqual(['3.5 s x2']);
  });

  it('are those of the leader, where several servers tell theirs', () => {
    expect(inWords([bucket(0, 4_000, 3), bucket(900, 2_000, 1, 1)], 0)).toEqual(['4 s x3']);
  });

  it('fall due with the tick of the server that has them', () => {
    const state = taken(sessionsPane, [bucket(0, 4_000, 3)]);
    const tracker = trackerOf(state, view());
    expect(tracker === undefined ? 0 : nextTickMs(tracker, at(500))).toBe(1_500);
  });

  it('are drawn at their time, with what is due in another colour', () => {
    const events = [bucket(0, 2_000, 1), bucket(0, 10_000, 4), session(0, 1), touched(10, 1, 9_990)];
    const drawing = drawn(
      sessionsPane,
      taken(sessionsPane, events),
      view({ nowMs: at(100), servers: faces(3) }),
    );
    const text = tonesOf(drawing);
    expect(text).toContain('[warn]1');
    expect(text).toContain('[accent]5');
    expect(text).toContain('▶');
  });
});

describe('moves', () => {
  it('that were not told are seen by the next sample', () => {
    const events = [
      bucket(0, 4_000, 1),
      session(0, 1, { leftMs: 4_000 }),
      session(1_000, 1, { leftMs: 9_000 }),
    ];
    const text = textOf(
      drawn(sessionsPane, taken(sessionsPane, events), view({ nowMs: at(1_200), width: 160 })),
    );
    expect(text).toMatch(/╰─+ 0x1 \+6\.00 s ─+▶/);
  });

  it('of a session that is new begin nowhere', () => {
    const created = told(10, 3, 'session.created', {
      session: 5n,
      timeoutMs: 10_000,
      bucketMs: MONOTONIC + 12_000,
    });
    expect(inWords([bucket(0, 4_000, 1), created], 10)).toEqual(['3.99 s x1', '11.99 s x1']);
  });
});

describe('sessions', () => {
  it('tick down, and get their time back when they are heard of', () => {
    const state = taken(sessionsPane, [bucket(0, 8_000, 1), session(0, 1)]);
    const left = (nowMs: number): string =>
      /10\.0 s +(\S+ ?s?)/.exec(textOf(drawn(sessionsPane, state, view({ nowMs: at(nowMs) }))))?.[1] ?? '';
    expect(left(0)).toBe('8.0 s');
    expect(left(3_000)).toBe('5.0 s');
    expect(left(9_000)).toBe('due ');
    sessionsPane.take(state, touched(9_100, 1, 10_900));
    expect(left(9_100)).toBe('10.9 s');
  });

  it('what servers know of one is put together', () => {
    const state = taken(sessionsPane, [
      session(0, 1, { remote: '', server: -1n, watches: -1 }),
      event(
        'session.sampled',
        {
          session: 1n,
          server: 2n,
          remote: '10.1.1.1:77',
          client: 'worker-7',
          timeoutMs: -1,
          leftMs: -1,
          bucketMs: -1,
          ephemerals: -1,
          watches: 12,
          local: false,
        },
        { node: '2', time: at(5) },
      ),
    ]);
    const text = textOf(drawn(sessionsPane, state, view({ nowMs: at(10), width: 100 })));
    expect(text).toMatch(/0x1 +2 worker-7 10\.1\.1\.1:77 +10\.0 s +8\.0 s .* 0 +12/);
  });

  it('expire in red, and are told of for a while', () => {
    const expired = told(1_000, 3, 'session.expired', { session: 1n, timeoutMs: 10_000, bucketMs: 1 });
    const state = taken(sessionsPane, [session(0, 1), session(0, 2), expired]);
    const soon = drawn(sessionsPane, state, view({ nowMs: at(2_000), width: 120 }));
    expect(tonesOf(soon)).toMatch(/\[bad\]0x1 /);
    expect(textOf(soon)).toContain('0x1 expired 1.00 s ago (10.0.0.1:4000)');
    expect(textOf(soon)).toMatch(/^ 1 session$/m);
    const later = drawn(sessionsPane, state, view({ nowMs: at(8_000) }));
    expect(later.keys).toEqual(['0x2']);
    expect(textOf(drawn(sessionsPane, state, view({ nowMs: at(40_000), width: 120 })))).not.toContain('ago');
  });

  it('a late sample does not bring one back', () => {
    const closed = told(1_000, 3, 'session.closed', { session: 1n, ephemerals: 0, zxid: 1n });
    const state = taken(sessionsPane, [session(0, 1), closed, session(1_010, 1)]);
    expect(drawn(sessionsPane, state, view({ nowMs: at(9_000) })).keys).toEqual([]);
  });

  it('nobody has heard of for long are not shown', () => {
    const state = taken(sessionsPane, [session(0, 1)]);
    expect(drawn(sessionsPane, state, view({ nowMs: at(31_000) })).keys).toEqual([]);
  });

  const orders: readonly (readonly [sort: number, keys: string])[] = [
    [0, '0x3 0x1 0x2'],
    [1, '0x1 0x2 0x3'],
    [2, '0x2 0x1 0x3'],
    [3, '0x1 0x3 0x2'],
    [4, '0x3 0x2 0x1'],
  ];
  for (const [sort, keys] of orders) {
    it(`by ${sessionsPane.sorts[sort]}`, () => {
      const state = taken(sessionsPane, [
        session(0, 1, { leftMs: 5_000, ephemerals: 2, watches: 9, client: 'c' }),
        session(0, 2, { leftMs: 9_000, ephemerals: 7, watches: 1, client: 'b' }),
        session(0, 3, { leftMs: 1_000, ephemerals: 0, watches: 5, client: 'a' }),
      ]);
      expect(drawn(sessionsPane, state, view({ sort })).keys.join(' ')).toBe(keys);
    });
  }

  it('are found by id, client and server', () => {
    const state = taken(sessionsPane, [
      session(0, 0xabc, { client: 'Worker' }),
      session(0, 2, { server: 2n }),
    ]);
    const found = (filter: string): readonly string[] => drawn(sessionsPane, state, view({ filter })).keys;
    expect(found('ABC')).toEqual(['0xabc']);
    expect(found('worker')).toEqual(['0xabc']);
    expect(found('server 2')).toEqual(['0x2']);
    expect(found('10.0.0.')).toHaveLength(2);
  });

  it('one is looked into, with what happened to it', () => {
    const state = taken(sessionsPane, [
      told(0, 1, 'session.attached', {
        session: 1n,
        connection: 4,
        remote: '10.0.0.9:1',
        client: 'etl',
        timeoutMs: 10_000,
      }),
      told(5, 1, 'request.received', { session: 1n, cxid: 1, op: 'setData', path: '/a', bytes: 7 }),
      touched(10, 1, 9_990),
    ]);
    const text = textOf(drawn(sessionsPane, state, view({ nowMs: at(1_000), drill: '0x1' })));
    for (const word of ['etl', '10.0.0.9:1', 'server 1', 'setData', 'path /a', 'session.touched']) {
      expect(text).toContain(word);
    }
    expect(textOf(drawn(sessionsPane, state, view({ drill: '0x99' })))).toContain('not known');
  });
});

describe('limits', () => {
  it('of 100 000 sessions, those sampled last are kept, and that is said', () => {
    const state = sessionsPane.create();
    for (let id = 1; id <= 100_000; id++) sessionsPane.take(state, session(id / 100, id));
    for (let i = 0; i < 20; i++) sessionsPane.take(state, bucket(1_000, (i + 1) * 2_000, 5_000));
    expect(state.rows.size).toBe(SESSIONS_MAX);
    const drawing = drawn(sessionsPane, state, view({ nowMs: at(1_000), servers: faces(3) }));
    expect(drawing.keys).toHaveLength(SESSIONS_MAX);
    expect(textOf(drawing)).toContain('100 000 sessions, showing 2 000 of 100 000');
  });

  it('sessions that only pass by push nobody out', () => {
    const state = sessionsPane.create();
    for (let id = 1; id <= SESSIONS_MAX; id++) sessionsPane.take(state, session(0, id));
    for (let id = 1; id <= 5_000; id++) {
      const fields = { session: BigInt(10_000 + id), timeoutMs: 1_000, bucketMs: 1 };
      sessionsPane.take(state, told(1, 3, 'session.created', fields));
      sessionsPane.take(state, touched(2, 10_000 + id, 5));
    }
    expect(state.rows.has(1n)).toBe(true);
    expect(state.rows.size).toBe(SESSIONS_MAX);
  });

  it('the events of a session are the last ones', () => {
    const state = taken(sessionsPane, [session(0, 1)]);
    for (let i = 0; i < 500; i++) sessionsPane.take(state, touched(i, 1, 9_000));
    expect(state.rows.get(1n)?.events?.length).toBe(EVENTS_MAX);
    const text = textOf(drawn(sessionsPane, state, view({ nowMs: at(600), drill: '0x1', height: 99 })));
    expect(text).toContain(`and ${500 - EVENTS_MAX} before these`);
  });
});
