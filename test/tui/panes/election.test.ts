/** How events become elections. */
import { describe, expect, it } from 'vitest';
import type { EventName, FieldsOf, ZktEvent } from '../../../src/events/table.ts';
import type { Election } from '../../../src/tui/panes/election/state.ts';
import { ELECTIONS_MAX, FIRST_EVENTS_MAX, LAST_EVENTS_MAX } from '../../../src/tui/panes/election/state.ts';
import { electionPane } from '../../../src/tui/panes/election.ts';
import { event, faces, STORY_START_MS } from '../stories.ts';
import { drawn, taken, textOf, view } from './drawing.ts';

const at = (ms: number): number => STORY_START_MS + ms;

/** Makes events of servers at times since the beginning, ms. */
const told = <N extends EventName>(
  ms: number,
  node: number | string,
  name: N,
  fields: FieldsOf<N>,
): ZktEvent => event(name, fields, { node: String(node), time: at(ms) });
const looks = (ms: number, node: number | string): ZktEvent =>
  told(ms, node, 'peer.state', { state: 'LOOKING', leader: -1n });
const decided = (ms: number, node: number, leader: number, how = 'unanimous'): ZktEvent =>
  told(ms, node, 'election.decided', {
    state: node === leader ? 'LEADING' : 'FOLLOWING',
    leader: BigInt(leader),
    zxid: 0x100000005n,
    peerEpoch: 1,
    round: 3,
    how,
    ms: 1,
  });
const established = (ms: number, node: number): ZktEvent =>
  told(ms, node, 'zab.established', { epoch: 2, ms: 1 });
const synced = (ms: number, node: number, leader: number): ZktEvent =>
  told(ms, node, 'zab.synced', { leader: BigInt(leader), epoch: 2, zxid: 0x100000005n, ms: 1 });
const round = (ms: number, node: number, votes = true): ZktEvent =>
  told(ms, node, 'election.round-started', { round: 3, zxid: 0x100000005n, peerEpoch: 1, votes });

/** A whole election of servers 1 and 2 that 2 wins. */
const whole = (ms: number): ZktEvent[] => [
  looks(ms, 1),
  looks(ms + 1, 2),
  decided(ms + 5, 1, 2),
  decided(ms + 6, 2, 2),
  established(ms + 20, 2),
  synced(ms + 25, 1, 2),
];

/** An election in a line: who took part, who leads, from when to when, over or not. */
const inWords = (election: Election): string => {
  const { members, leader, startMs, endMs, over, establishedMs, small } = election;
  const since = (ms: number): string => (ms < 0 ? '-' : String(ms - STORY_START_MS));
  const end = over ? `over at ${since(endMs)}` : 'open';
  const what = small ? ' small' : '';
  const when = `from ${since(startMs)} established ${since(establishedMs)}`;
  return `${[...members.keys()].join(',')} -> ${leader} ${when} ${end}${what}`;
};

const check = (name: string, events: readonly ZktEvent[], expected: readonly string[]): void => {
  it(name, () => {
    expect(taken(electionPane, events).elections.map(inWords)).toEqual(expected);
  });
};

describe('elections are grouped over servers', () => {
  check('one, until all are in step', whole(0), ['1,2 -> 2 from 0 established 20 over at 25']);
  check('while somebody is not in step, it is open', whole(0).slice(0, 5), [
    '1,2 -> 2 from 0 established 20 open',
  ]);
  check('without an end', [looks(0, 1), looks(3, 2)], ['1,2 -> -1 from 0 established - open']);
  check(
    'two after each other',
    [...whole(0), ...whole(60_000)],
    ['1,2 -> 2 from 0 established 20 over at 25', '1,2 -> 2 from 60000 established 60020 over at 60025'],
  );
  check(
    'a server that looks alone and finds the leader that stands',
    [...whole(0), looks(9_000, 3), decided(9_003, 3, 2, 'standing'), synced(9_010, 3, 2)],
    ['1,2 -> 2 from 0 established 20 over at 25', '3 -> 2 from 9000 established - over at 9010 small'],
  );
  check(
    'a follower that loses a leader which hangs, long before the others: they do not join its election',
    [...whole(0), looks(9_000, 1), looks(20_000, 2), decided(20_100, 1, 1), decided(20_101, 2, 1)],
    [
      '1,2 -> 2 from 0 established 20 over at 25',
      '1 -> -1 from 9000 established - over at 20000 small',
      '1,2 -> 1 from 20000 established - open',
    ],
  );
  check(
    'a learner that does not get in step tries again in the same election',
    [...whole(0).slice(0, 5), looks(30, 1), decided(35, 1, 2, 'standing'), synced(50, 1, 2)],
    ['1,2 -> 2 from 0 established 20 over at 50'],
  );
  check(
    'a server that ends is waited for no longer',
    [...whole(0).slice(0, 5), told(40, 1, 'server.stopped', { zxid: 1n })],
    ['1,2 -> 2 from 0 established 20 over at 40'],
  );
  check(
    'the leader steps down at once: another election',
    [...whole(0), looks(100, 2), looks(101, 1)],
    ['1,2 -> 2 from 0 established 20 over at 25', '2,1 -> -1 from 100 established - open'],
  );
  check(
    'a round without a state before it (the first event was missed)',
    [round(4, 1)],
    ['1 -> -1 from 4 established - open'],
  );
  check('what settled servers tell each other begins nothing', [synced(4, 1, 2), established(5, 2)], []);
});

describe('servers that tell their past one after another', () => {
  const past = [
    ...whole(0),
    looks(9_000, 3),
    decided(9_003, 3, 2, 'standing'),
    synced(9_010, 3, 2),
    ...whole(60_000),
    looks(60_002, 3),
    decided(60_004, 3, 2),
    synced(60_030, 3, 2),
  ];
  for (const order of ['123', '321', '213', '312']) {
    it(`have the same elections in the order ${order}`, () => {
      const events = [...order].flatMap((node) => past.filter((each) => each.node === node));
      expect(
        taken(electionPane, events)
          .elections.map(inWords)
          .map((text) => text.replace(/^[\d,]+/, '')),
      ).toEqual([
        ' -> 2 from 0 established 20 over at 25',
        expect.stringMatching(/^ -> 2 from 9000 established - over at 9010/),
        ' -> 2 from 60000 established 60020 over at 60030',
      ]);
    });
  }

  it('have one story, by time', () => {
    const events = ['2', '1'].flatMap((node) => whole(0).filter((each) => each.node === node));
    const text = textOf(
      drawn(electionPane, taken(electionPane, events), view({ drill: '#1', nowMs: at(99) })),
    );
    const times = [...text.matchAll(/^ +\+([\d.]+) ms server/gm)].map(([, ms]) => Number(ms));
    expect(times).toEqual([0, 1, 5, 6, 20, 25]);
  });
});

describe('votes', () => {
  it('have their rule, and notifications are counted', () => {
    const vote = { leader: 2n, zxid: 0x100000005n, peerEpoch: 1, round: 3 };
    const words = { ...vote, state: 'LOOKING', version: 2 };
    const state = taken(electionPane, [
      looks(0, 1),
      round(0, 1),
      told(0, 1, 'election.notification-sent', { to: 2n, ...words }),
      told(2, 1, 'election.notification-received', { from: 2n, ...words }),
      told(2, 1, 'election.vote-changed', { ...vote, rule: 'zxid', from: 2n }),
      told(3, 1, 'election.vote-changed', { ...vote, leader: 3n, rule: 'epoch', from: 3n }),
    ]);
    const member = state.elections[0]?.members.get('1');
    expect(member?.votes.map(({ leader, rule, from }) => `${leader} ${rule} ${from}`)).toEqual([
      '1 first -1',
      '2 zxid 2',
      '3 epoch 3',
    ]);
    expect([member?.sent, member?.received, state.elections[0]?.notifications]).toEqual([1, 1, 1]);
    const text = textOf(drawn(electionPane, state, view({ nowMs: at(10) })));
    expect(text).toContain('for itself');
    expect(text).toContain('later zxid');
    expect(text).toContain('higher epoch');
    expect(text).toContain('1 looking for a leader');
  });

  it('one who has no vote says so', () => {
    const state = taken(electionPane, [looks(0, 4), round(0, 4, false)]);
    expect(textOf(drawn(electionPane, state, view({ nowMs: at(10) })))).toContain('has no vote');
  });

  it('Apache servers are asked', () => {
    const says = (ms: number, state: string, leader: bigint): ZktEvent =>
      told(ms, '10.0.0.9:2181', 'election.vote-told', {
        state,
        leader,
        zxid: 0x300000001n,
        peerEpoch: 3,
        round: 7,
      });
    const state = taken(electionPane, [
      says(0, 'FOLLOWING', 1n),
      says(1000, 'LOOKING', 9n),
      says(2000, 'LOOKING', 9n),
      says(3000, 'FOLLOWING', 2n),
      says(4000, 'FOLLOWING', 2n),
    ]);
    expect(state.elections.map(inWords)).toEqual(['10.0.0.9:2181 -> 2 from 1000 established - over at 3000']);
    const votes = state.elections[0]?.members.get('10.0.0.9:2181')?.votes;
    expect(votes?.map(({ leader, rule }) => `${leader} ${rule}`)).toEqual(['9 told', '2 told']);
    const text = textOf(drawn(electionPane, state, view({ nowMs: at(5000) })));
    expect(text).toContain('when asked');
    expect(text).toMatch(/10\.0\.0\.9:21… FOLLOWING +for 2 e3 0x300000001 round 7 +1\.00 s ago/);
  });

  it('what Apache servers say is shown without an election, too; what they do not tell is left open', () => {
    const fields = { state: 'LEADING', leader: 2n, zxid: -1n, peerEpoch: -1, round: 7 };
    const state = taken(electionPane, [told(0, 2, 'election.vote-told', fields)]);
    const text = textOf(drawn(electionPane, state, view({ nowMs: at(500), servers: faces(2) })));
    expect(text).toMatch(/server 2 +LEADING +for 2 e\? \? round 7 +500 ms ago/);
    electionPane.take(state, told(600, 2, 'source.lost', { address: 'x', why: 'y' }));
    expect(textOf(drawn(electionPane, state, view()))).not.toContain('ASKED');
    // Who asks tells what state it is in, too; a server that tells of a round itself need not be asked.
    electionPane.take(state, told(700, 2, 'peer.state', { state: 'FOLLOWING', leader: 3n }));
    electionPane.take(state, told(800, 2, 'election.vote-told', { ...fields, state: 'FOLLOWING' }));
    const asked = textOf(drawn(electionPane, state, view({ nowMs: at(900) })));
    expect(asked).toMatch(/server 2 +FOLLOWING +for 2/);
    electionPane.take(state, round(1000, 2));
    electionPane.take(state, told(1100, 2, 'election.vote-told', fields));
    expect(textOf(drawn(electionPane, state, view({ nowMs: at(1200) })))).not.toContain('ASKED');
  });
});

describe('limits', () => {
  it('the last elections are kept', () => {
    const events = Array.from({ length: ELECTIONS_MAX + 7 }, (_, i) => whole(i * 60_000)).flat();
    const state = taken(electionPane, events);
    expect(state.elections).toHaveLength(ELECTIONS_MAX);
    const { keys } = drawn(electionPane, state, view({ nowMs: at(9e6) }));
    expect(keys[0]).toBe(`#${ELECTIONS_MAX + 7}`);
    expect(keys).toHaveLength(ELECTIONS_MAX);
    const gone = textOf(drawn(electionPane, state, view({ drill: '#1' })));
    expect(gone).toContain('forgotten');
  });

  it('of an election without end, the beginning and the end are kept, and what is not is told', () => {
    const state = taken(electionPane, [looks(0, 1)]);
    const count = FIRST_EVENTS_MAX + LAST_EVENTS_MAX + 500;
    for (let i = 0; i < count; i++) electionPane.take(state, round(i, 1));
    const text = textOf(drawn(electionPane, state, view({ nowMs: at(count), drill: '#1', height: 5_000 })));
    expect(text).toContain('501 events in between are not kept');
    expect(text.split('\n').length).toBeLessThan(FIRST_EVENTS_MAX + LAST_EVENTS_MAX + 30);
  });

  it('votes, phases and members are bounded', () => {
    const state = electionPane.create();
    for (let i = 0; i < 5_000; i++) {
      electionPane.take(state, looks(i, i % 200));
      electionPane.take(state, round(i, i % 200));
    }
    const election = state.elections.at(-1);
    expect(election?.members.size).toBeLessThanOrEqual(64);
    for (const { votes, phases } of election?.members.values() ?? []) {
      expect(votes.length).toBeLessThanOrEqual(32);
      expect(phases.length).toBeLessThanOrEqual(64);
    }
    drawn(electionPane, state, view({ nowMs: at(6_000) }));
  });
});

describe('the pane', () => {
  it('says what servers do while no election was seen', () => {
    const text = textOf(drawn(electionPane, electionPane.create(), view({ servers: faces(2, [3]) })));
    expect(text).toMatch(/server 2 +leader/);
    expect(text).toMatch(/server 3 +does not answer/);
  });

  it('keeps a list of elections on the screen with seven voters', () => {
    const seven = [1, 2, 3, 4, 5, 6, 7];
    const state = taken(electionPane, [
      ...whole(0),
      ...seven.flatMap((node) => [looks(60_000 + node, node), round(60_000 + node, node)]),
    ]);
    const text = textOf(drawn(electionPane, state, view({ nowMs: at(60_100), chosen: '#2' })));
    expect(text).toContain('OUTCOME');
    expect(text).toMatch(/ #1 .*server 2 leads epoch 2/);
    for (const node of seven) expect(text).toContain(`server ${node} `);
  });

  it('finds elections by what is in their line', () => {
    const state = taken(electionPane, [...whole(0), looks(9_000, 3), decided(9_003, 3, 2, 'standing')]);
    expect(drawn(electionPane, state, view({ filter: 'server 3' })).keys).toEqual(['#2']);
    expect(drawn(electionPane, state, view({ filter: 'LEADS EPOCH' })).keys).toEqual(['#1']);
  });

  it('sorts by how long it took', () => {
    const state = taken(electionPane, [...whole(0), ...whole(60_000), established(90_000, 2)]);
    expect(drawn(electionPane, state, view({ sort: 1 })).keys).toHaveLength(2);
  });
});
