/** How events become the flow between servers. */
import { describe, expect, it } from 'vitest';
import type { EventName, FieldsOf, ZktEvent } from '../../../src/events/table.ts';
import { PACKET } from '../../../src/protocol/quorum.ts';
import type { Packet } from '../../../src/tui/panes/flow/pairs.ts';
import { PROPOSALS_MAX, ROWS_MAX } from '../../../src/tui/panes/flow/state.ts';
import { flowPane } from '../../../src/tui/panes/flow.ts';
import { event, faces, STORY_START_MS } from '../stories.ts';
import { drawn, taken, textOf, view } from './drawing.ts';

const Z = 0x100000007n;
const at = (ms: number): number => STORY_START_MS + ms;
const told = <N extends EventName>(ms: number, node: number, name: N, fields: FieldsOf<N>): ZktEvent =>
  event(name, fields, { node: String(node), time: at(ms) });
const sent = (
  ms: number,
  from: number,
  to: number,
  type: keyof typeof PACKET,
  zxid = Z,
  bytes = 0,
): ZktEvent => told(ms, from, 'zab.packet-sent', { peer: BigInt(to), type: PACKET[type], zxid, bytes });
const received = (
  ms: number,
  to: number,
  from: number,
  type: keyof typeof PACKET,
  zxid = Z,
  bytes = 0,
): ZktEvent => told(ms, to, 'zab.packet-received', { peer: BigInt(from), type: PACKET[type], zxid, bytes });

/** A write of leader 3 with followers 1 and 2; the clock of server 2 is `off` ms ahead. */
const write = (ms: number, zxid = Z, off = 0): ZktEvent[] => [
  told(ms, 3, 'request.received', { session: 9n, cxid: 4, op: 'setData', path: '/a/b', bytes: 20 }),
  told(ms, 3, 'request.prepared', { session: 9n, cxid: 4, op: 'setData', zxid, err: 0 }),
  told(ms, 3, 'zab.proposed', { zxid, session: 9n, cxid: 4, bytes: 44, followers: 2 }),
  sent(ms, 3, 1, 'PROPOSAL', zxid, 44),
  sent(ms, 3, 2, 'PROPOSAL', zxid, 44),
  received(ms + 0.3, 1, 3, 'PROPOSAL', zxid, 44),
  received(ms + 0.4 + off, 2, 3, 'PROPOSAL', zxid, 44),
  told(ms + 0.9, 3, 'request.logged', { session: 9n, cxid: 4, zxid, ms: 0.8 }),
  told(ms + 0.9, 3, 'zab.acked', { sid: 3n, zxid }),
  told(ms + 1 + off, 2, 'request.logged', { session: 9n, cxid: 4, zxid, ms: 0.5 }),
  sent(ms + 1 + off, 2, 3, 'ACK', zxid),
  received(ms + 1.4, 3, 2, 'ACK', zxid),
  told(ms + 1.4, 3, 'zab.acked', { sid: 2n, zxid }),
  told(ms + 1.4, 3, 'zab.committed', { zxid }),
  sent(ms + 1.4, 3, 1, 'COMMIT', zxid),
  sent(ms + 1.4, 3, 2, 'COMMIT', zxid),
  received(ms + 1.7, 1, 3, 'COMMIT', zxid),
  received(ms + 1.8 + off, 2, 3, 'COMMIT', zxid),
  told(ms + 1.5, 3, 'request.applied', { session: 9n, cxid: 4, zxid }),
  told(ms + 1.6, 3, 'request.replied', { session: 9n, cxid: 4, op: 'setData', zxid, err: 0, ms: 1.6 }),
];

/** Packets as `from>to TYPE took`, in the order they came. */
const packets = (events: readonly ZktEvent[]): string[] =>
  [...taken(flowPane, events).rows]
    .filter((row): row is Packet => row.kind === 'packet')
    .map(({ from, to, type, sentMs, receivedMs }) => {
      const took = sentMs < 0 ? 'not seen sent' : receivedMs < 0 ? 'not seen to arrive' : receivedMs - sentMs;
      return `${from || '?'}>${to} ${type} ${typeof took === 'number' ? Math.round(took * 10) / 10 : took}`;
    });

describe('the two ends of a packet', () => {
  const check = (name: string, events: readonly ZktEvent[], expected: readonly string[]): void =>
    it(name, () => expect(packets(events)).toEqual(expected));

  check('are one', [sent(0, 3, 1, 'PROPOSAL'), received(0.4, 1, 3, 'PROPOSAL')], ['3>1 2 0.4']);
  check(
    'are one in whatever order they are told',
    [received(0.4, 1, 3, 'PROPOSAL'), sent(0, 3, 1, 'PROPOSAL')],
    ['3>1 2 0.4'],
  );
  check(
    'to different servers are not mixed up',
    [sent(0, 3, 1, 'COMMIT'), sent(0, 3, 2, 'COMMIT'), received(1, 2, 3, 'COMMIT')],
    ['3>1 4 not seen to arrive', '3>2 4 1'],
  );
  check(
    'of pings pair in their order',
    [sent(0, 3, 1, 'PING'), sent(250, 3, 1, 'PING'), received(1, 1, 3, 'PING'), received(252, 1, 3, 'PING')],
    ['3>1 5 1', '3>1 5 2'],
  );
  check(
    'of which one was missed do not pair with a later one',
    [sent(0, 3, 1, 'PING'), sent(5_000, 3, 1, 'PING'), received(5_001, 1, 3, 'PING')],
    ['3>1 5 not seen to arrive', '3>1 5 1'],
  );
  check(
    'of the first packet, which comes from nobody known',
    [
      sent(0, 1, 3, 'FOLLOWERINFO', 0n),
      told(0.5, 3, 'zab.packet-received', { peer: -1n, type: PACKET.FOLLOWERINFO, zxid: 0n, bytes: 20 }),
    ],
    ['1>3 11 0.5'],
  );
  check(
    'with an Apache server at the other end, one is all there is',
    [sent(0, 3, 2, 'PROPOSAL')],
    ['3>2 2 not seen to arrive'],
  );
});

describe('a stream that is told late', () => {
  it('still has its packets paired', () => {
    const events = [sent(0, 3, 1, 'PROPOSAL'), sent(9_000, 3, 2, 'COMMIT'), received(0.5, 1, 3, 'PROPOSAL')];
    expect(packets(events)[0]).toBe('3>1 2 0.5');
  });
});

describe('a proposal', () => {
  it('has its way, its quorum and its times', () => {
    const state = taken(flowPane, write(0));
    const text = textOf(
      drawn(flowPane, state, view({ drill: '0x100000007', servers: faces(3), height: 40, width: 160 })),
    );
    expect(text).toContain('setData /a/b');
    expect(text).toContain('committed +1.40 ms (2 of 3 acks, the last by server 2)');
    expect(text).toContain('slowest fsync 0.80 ms on server 3');
    const rows = text.split('\n').map((line) => line.slice(0, 10).trim());
    expect(rows.filter((row) => /^[+-]\d/.test(row))).toEqual(
      [...rows.filter((row) => /^[+-]\d/.test(row))].sort(),
    );
    for (const word of [
      'received',
      'prepared',
      'PROPOSAL',
      'on disk',
      'ACK',
      'quorum',
      'COMMIT',
      'applied',
    ]) {
      expect(text).toContain(word);
    }
  });

  it('is acknowledged by what is said of everything up to a later one', () => {
    const state = taken(flowPane, [
      told(0, 3, 'zab.proposed', { zxid: 1n, session: 1n, cxid: 1, bytes: 1, followers: 2 }),
      told(0, 3, 'zab.proposed', { zxid: 2n, session: 1n, cxid: 2, bytes: 1, followers: 2 }),
      told(0, 3, 'zab.proposed', { zxid: 3n, session: 1n, cxid: 3, bytes: 1, followers: 2 }),
      told(1, 3, 'zab.acked', { sid: 2n, zxid: 2n }),
      told(2, 3, 'zab.acked', { sid: 1n, zxid: 3n }),
      told(3, 3, 'zab.acked', { sid: 2n, zxid: 3n }),
    ]);
    const acks = [...state.proposals.values()].map((p) =>
      p.acks.map(({ sid, atMs }) => `${sid}@${atMs - at(0)}`),
    );
    expect(acks).toEqual([
      ['2@1', '1@2'],
      ['2@1', '1@2'],
      ['1@2', '2@3'],
    ]);
  });

  it('of servers whose clocks disagree is put in order, and that is told', () => {
    for (const off of [-40, 55]) {
      const state = taken(flowPane, write(0, Z, off));
      const text = textOf(
        drawn(flowPane, state, view({ drill: '0x100000007', servers: faces(3), height: 40 })),
      );
      expect(text).toMatch(/Clocks disagree and were put right: server 2 by [+-]\d+\.\d ms/);
      expect(text.indexOf('PROPOSAL')).toBeLessThan(text.indexOf('ACK'));
      expect(text).not.toMatch(/^ *[+-](40|55)/m);
    }
  });

  it('that was not seen whole is not shown while only bursts are seen, and the share is told', () => {
    const events = [...write(0), ...write(10, Z + 1n).slice(0, 5)];
    expect(drawn(flowPane, taken(flowPane, events), view()).keys).toEqual(['0x100000007', '0x100000008']);
    const bursts = Array.from({ length: 10 }, (_, i) =>
      told(i * 1000, 3, 'feed.dropped', { why: 'budget', count: 0, ms: 880 }),
    );
    const drawing = drawn(flowPane, taken(flowPane, [...events, ...bursts]), view({ nowMs: at(9_999) }));
    expect(drawing.keys).toEqual(['0x100000007']);
    expect(textOf(drawing)).toContain('About 12 % of the time is seen');
  });
});

describe('what is told above', () => {
  it('rates count each packet once, whoever tells of it', () => {
    const sampled = (
      node: number,
      peer: number,
      type: keyof typeof PACKET,
      out: number,
      into: number,
    ): ZktEvent =>
      told(0, node, 'zab.packets-sampled', {
        peer: BigInt(peer),
        type: PACKET[type],
        sent: out,
        received: into,
        bytes: 1000,
        ms: 1000,
      });
    const state = taken(flowPane, [
      sampled(3, 1, 'PROPOSAL', 100, 0),
      sampled(1, 3, 'PROPOSAL', 0, 100),
      sampled(3, 2, 'PROPOSAL', 100, 0),
      sampled(3, 1, 'ACK', 0, 90),
      sampled(1, 3, 'ACK', 90, 0),
      // Server 2 is an Apache server: only the leader tells of its ACKs.
      sampled(3, 2, 'ACK', 0, 80),
    ]);
    const text = textOf(drawn(flowPane, state, view({ nowMs: at(500) })));
    expect(text).toContain('PROPOSAL 200  ACK 170  COMMIT 0');
    expect(textOf(drawn(flowPane, state, view({ nowMs: at(60_000) })))).toContain('PROPOSAL 0');
  });

  it('how far learners are behind', () => {
    const state = taken(flowPane, [
      told(0, 3, 'zab.learner-sampled', {
        sid: 2n,
        kind: 'follower',
        phase: 'syncing',
        acked: Z,
        lag: 1_200,
        queuedBytes: 5_000,
      }),
    ]);
    const text = textOf(drawn(flowPane, state, view({ nowMs: at(500) })));
    expect(text).toMatch(/server 2 syncing 1\.2k behind, .* waiting/);
  });
});

describe('the stream', () => {
  it('hides pings, until they are wanted', () => {
    const state = taken(flowPane, [...write(0), sent(5, 3, 1, 'PING'), received(6, 1, 3, 'PING')]);
    expect(textOf(drawn(flowPane, state, view({ servers: faces(3) })))).not.toContain('PING');
    expect(textOf(drawn(flowPane, state, view({ servers: faces(3), sort: 1 })))).toContain('PING');
  });

  it('is that of the proposals found', () => {
    const state = taken(flowPane, [...write(0), sent(5, 3, 1, 'DIFF')]);
    const drawing = drawn(flowPane, state, view({ filter: '/a/b' }));
    expect(drawing.keys).toEqual(['0x100000007']);
    expect(textOf(drawing)).not.toContain('DIFF');
    expect(drawn(flowPane, state, view({ filter: 'nothing' })).keys).toEqual([]);
  });

  it('shows the chosen proposal, however old', () => {
    const events = Array.from({ length: 100 }, (_, i) => write(i * 10, Z + BigInt(i))).flat();
    const state = taken(flowPane, events);
    for (const zxid of ['0x100000007', '0x100000030', '0x10000006a']) {
      const { lines } = drawn(flowPane, state, view({ chosen: zxid, servers: faces(3) }));
      const marked = lines.filter((line) => line.some(({ tone }) => tone === 'chosen'));
      expect(marked.length, zxid).toBeGreaterThan(8);
    }
  });

  it('says why there is nothing to see', () => {
    const servers = faces(2).map((face) => ({ ...face, kind: 'apache' }));
    const text = textOf(drawn(flowPane, flowPane.create(), view({ servers })));
    expect(text).toContain('Apache servers do not tell what they send each other');
  });

  it('has lanes for nine servers, and for none', () => {
    const nine = Array.from({ length: 9 }, (_, i) => ({
      node: String(i + 1),
      sid: i + 1,
      mode: 'follower',
      address: '',
      kind: 'zkt',
      up: true,
    }));
    const state = taken(flowPane, write(0));
    for (const width of [40, 80, 200]) drawn(flowPane, state, view({ servers: nine, width }));
  });
});

describe('limits', () => {
  it('rows and proposals are bounded', () => {
    const state = flowPane.create();
    for (let i = 0; i < 2_000; i++) for (const each of write(i, Z + BigInt(i))) flowPane.take(state, each);
    expect(state.rows.length).toBe(ROWS_MAX);
    expect(state.proposals.size).toBe(PROPOSALS_MAX);
    expect(drawn(flowPane, state, view()).keys).toHaveLength(PROPOSALS_MAX);
    const gone = textOf(drawn(flowPane, state, view({ drill: '0x100000007' })));
    expect(gone).toContain('forgotten');
  });

  it('what waits for its other end is bounded', () => {
    const state = flowPane.create();
    for (let i = 0; i < 20_000; i++) flowPane.take(state, sent(i, 3, 1, 'COMMIT', BigInt(i + 1)));
    for (let i = 0; i < 20_000; i++) flowPane.take(state, sent(i, 3, 2, 'PING', 0n));
    const inside = state.pairs as unknown as { waiting: Map<string, { packets: unknown[] }> };
    expect(inside.waiting.size).toBeLessThanOrEqual(4_096);
    for (const { packets } of inside.waiting.values()) expect(packets.length).toBeLessThanOrEqual(64);
  });
});
