import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { judge, lagBehind, newestMembership } from '../../../src/inspect/ensemble/judge.ts';
import {
  parseConf,
  parseMntr,
  parseSrvr,
  type ServerAnswer,
} from '../../../src/inspect/ensemble/server-answer.ts';
import { parseMembershipText } from '../../../src/server/quorum/membership-text.ts';

/** What an Apache server of that role said (fixtures/4lw-ensemble). */
const said = (role: string, word: string): string =>
  readFileSync(new URL(`../../../fixtures/4lw-ensemble/${role}/${word}`, import.meta.url), 'utf8');

/** An answer made from the texts of a server. */
function answer(port: number, role: string, change: Partial<ServerAnswer> = {}): ServerAnswer {
  const srvr = parseSrvr(said(role, 'srvr'));
  const lost = 'fault' in srvr;
  return {
    address: { host: '127.0.0.1', port },
    reachedAt: `127.0.0.1:${port}`,
    heard: true,
    srvr: lost ? undefined : srvr,
    monitor: lost ? new Map() : parseMntr(said(role, 'mntr')),
    ...(lost ? { id: undefined, membership: undefined } : parseConf(said(role, 'conf'))),
    fault: lost ? srvr.fault : undefined,
    ...change,
  };
}
const refused = (port: number): ServerAnswer => ({
  ...answer(port, 'looking'),
  reachedAt: undefined,
  heard: false,
  fault: 'cannot connect',
});
/** The three whose words were recorded; the third voter and its port are made up. */
const LEADER = answer(2, 'leader');
const FOLLOWER = answer(1, 'follower');
const OBSERVER = answer(4, 'observer');
const THIRD = answer(3, 'follower', { id: 3 });

/** What merely looks like a server. */
const STRANGER = answer(9, 'leader', {
  id: undefined,
  membership: undefined,
  monitor: new Map(),
  srvr: parseSrvr('Zookeeper version: x\nMode: leader\nZxid: 0xzz\n') as NonNullable<ServerAnswer['srvr']>,
});

/** Verdict and problems, a line each. */
function check(answers: readonly ServerAnswer[], lags: Record<string, number> = {}): string[] {
  const whole = judge(answers, newestMembership(answers), new Map(Object.entries(lags)));
  return [
    `${whole.healthy ? 'healthy' : 'not healthy'} ${whole.leader} ${whole.epoch} ${whole.voters.serving}/${whole.voters.total}`,
    ...whole.problems,
    ...whole.servers.flatMap((s) => (s.problem === undefined ? [] : [`${s.id ?? s.server}: ${s.problem}`])),
  ];
}

test.each<[string, readonly ServerAnswer[], readonly string[], Record<string, number>?]>([
  ['all there', [FOLLOWER, LEADER, THIRD, OBSERVER], ['healthy server 2 1 3/3']],
  // The configuration has no client ports: the leader's word stands for the one that was not named.
  ['one not named', [FOLLOWER, LEADER, OBSERVER], ['healthy server 2 1 2/3']],
  [
    'one not named, and the leader misses it',
    [FOLLOWER, { ...LEADER, monitor: new Map([['synced_followers', '1']]) }, OBSERVER],
    [
      'not healthy server 2 1 2/3',
      '3: not asked: the configuration does not tell its client port; name it with -s',
    ],
  ],
  [
    'no quorum',
    [answer(1, 'looking'), refused(2)],
    [
      'not healthy undefined undefined 0/undefined',
      'no leader, so no quorum: 0 voters serve',
      '127.0.0.1:1: not serving: it has no leader, or is not in step with it',
      '127.0.0.1:2: cannot connect',
    ],
  ],
  [
    'one that hangs',
    [{ ...refused(1), reachedAt: '127.0.0.1:1', fault: 'no answer' }],
    ['not healthy undefined undefined 0/undefined', 'no server answers', '127.0.0.1:1: no answer'],
  ],
  [
    'a stranger that says it leads, beside a member that is down',
    [FOLLOWER, LEADER, { ...refused(3), id: 3 }, OBSERVER, STRANGER],
    [
      'not healthy server 2 1 2/3',
      '2 servers say that they lead: server 2, 127.0.0.1:9',
      '3: cannot connect',
      '127.0.0.1:9: it tells no zxid: is it a ZooKeeper server?; a second leader: server 2 leads a newer epoch',
    ],
  ],
  [
    'a stranger alone',
    [STRANGER],
    [
      'not healthy 127.0.0.1:9 undefined 1/undefined',
      '127.0.0.1:9: it tells no zxid: is it a ZooKeeper server?',
    ],
  ],
  [
    'nobody',
    [refused(1)],
    ['not healthy undefined undefined 0/undefined', 'no server answers', '127.0.0.1:1: cannot connect'],
  ],
  [
    'read-only',
    [answer(1, 'read-only')],
    [
      'not healthy undefined undefined 0/undefined',
      'no leader, so no quorum: 0 voters serve',
      '127.0.0.1:1: read-only: it is cut off from its quorum',
    ],
  ],
  [
    'lagging',
    [FOLLOWER, LEADER, THIRD, OBSERVER],
    ['not healthy server 2 1 3/3', '3: lagging: 7 transactions behind the leader'],
    { '127.0.0.1:3': 7, '127.0.0.1:1': 0 },
  ],
  [
    'two leaders',
    [
      FOLLOWER,
      LEADER,
      { ...THIRD, srvr: { ...(LEADER.srvr as NonNullable<ServerAnswer['srvr']>), zxid: 0x200000001n } },
      OBSERVER,
    ],
    [
      'not healthy server 3 2 3/3',
      '2 servers say that they lead: server 2, server 3',
      '2: a second leader: server 3 leads a newer epoch',
    ],
  ],
])('%s', (_name, answers, expected, lags) => {
  expect(check(answers, lags)).toEqual(expected);
});

test('configurations that differ', () => {
  const newer = parseMembershipText('server.2=127.0.0.1:21852:21862;2\nversion=100000007');
  const told = check([FOLLOWER, { ...LEADER, membership: newer }]);
  expect(told).toContain(
    '1: server 1 is not in the configuration; configuration version 0, others have 100000007',
  );
  const other = parseMembershipText('server.1=127.0.0.1:21851:21861\nserver.2=127.0.0.1:9:21862\nversion=0');
  expect(check([LEADER, { ...FOLLOWER, membership: other }])).toContain(
    '1: its configuration differs from that of others',
  );
});

test('a server by its client address, whatever it is called', () => {
  const membership = parseMembershipText(
    'server.7=10.0.0.7:1:2;0.0.0.0:5\nserver.8=127.0.0.1:3:4;6\nversion=0',
  );
  const dumb = { id: undefined, membership: undefined };
  const answers = [
    answer(5, 'leader', { ...dumb, address: { host: 'zk7', port: 5 }, reachedAt: '10.0.0.7:5' }),
    answer(6, 'follower', { ...dumb, address: { host: 'localhost', port: 6 } }),
  ];
  const whole = judge(answers, membership, new Map());
  expect(whole.servers.map((s) => [s.id, s.server])).toEqual([
    [7, 'zk7:5'],
    [8, 'localhost:6'],
  ]);
  expect(whole).toMatchObject({ healthy: true, leader: 'server 7' });
});

test.each<[bigint, bigint, number]>([
  [0x100000005n, 0x100000005n, 0],
  [0x100000005n, 0x100000003n, 2],
  [0x100000005n, 0x100000009n, 0],
  [0x200000000n, 0x1000000ffn, 0],
  [0x200000003n, 0x1000000ffn, 3],
])('lag of %s at %s', (leader, zxid, lag) => {
  expect(lagBehind(leader, zxid)).toBe(lag);
});

test.each([
  ['', 'it said nothing'],
  [
    'srvr is not executed because it is not in the whitelist.\n',
    'it does not tell: srvr is not in its 4lw.commands.whitelist',
  ],
  [`\x1b[2J${'x'.repeat(5000)}`, `it said: \x1b[2J${'x'.repeat(196)}`],
])('what is no answer to srvr', (text, fault) => {
  expect(parseSrvr(text)).toEqual({ fault });
});

test('numbers that are none are left out', () => {
  const hostile =
    'Zookeeper version: v\nConnections: 1e9\nZxid: 0xzz\nOutstanding: \nMode: leader\nNode count: 99999999999999999999\n';
  const srvr = parseSrvr(hostile);
  const whole = judge(
    [answer(1, 'leader', { srvr: 'fault' in srvr ? undefined : srvr, monitor: new Map() })],
    undefined,
    new Map(),
  );
  expect(whole.servers[0]).toEqual({
    server: '127.0.0.1:1',
    id: 2,
    version: 'v',
    mode: 'leader',
    latency: '',
    problem: 'it tells no zxid: is it a ZooKeeper server?',
  });
});
