/** Answers of the admin's commands, byte by byte as Apache wrote them. */
import { describe, expect, test } from 'vitest';
import * as json from '../../../src/server/admin/command-json.ts';
import { type Json, jacksonText } from '../../../src/server/admin/jackson.ts';
import type { Standing } from '../../../src/server/admin/quorum-facts.ts';
import { Real } from '../../../src/server/admin/real.ts';
import type { ServerReport, StatisticsReport } from '../../../src/server/admin/reports.ts';
import { apacheText, commandsIn, FOLDERS, parseJackson } from './admin-fixtures.ts';

describe('the form', () => {
  test.each(FOLDERS)('every answer in %s, parsed and written again', (folder) => {
    const commands = commandsIn(folder);
    expect(commands.length).toBeGreaterThan(20);
    for (const command of commands) {
      const text = apacheText(folder, command) ?? '';
      expect(jacksonText(parseJackson(text)), command).toBe(text);
    }
  });

  test.each<[Json, string]>([
    [{}, '{ }'],
    [[], '[ ]'],
    [new Map(), '{ }'],
    [{ a: [] }, '{\n  "a" : [ ]\n}'],
    [{ a: [{ b: 1 }, { b: 2 }] }, '{\n  "a" : [ {\n    "b" : 1\n  }, {\n    "b" : 2\n  } ]\n}'],
    [-0x8000000000000000n, '-9223372036854775808'],
    [new Real(0), '0.0'],
    [null, 'null'],
    ['"\\\n', '"\\"\\\\\\n"'],
    ['a\u001b[2J\u009bx\u202e\u200b\u2028', '"a\\u001b[2J\\u009bx\\u202e\\u200b\\u2028"'],
    [new Map([['/p\u202e', 1]]), '{\n  "/p\\u202e" : 1\n}'],
    [new Map([['__proto__', 1]]), '{\n  "__proto__" : 1\n}'],
  ])('value %#', (value, text) => {
    expect(jacksonText(value)).toBe(text);
  });
});

/** An answer as the admin makes it of a payload. */
const answered = (command: string, payload: json.Payload): string =>
  jacksonText(new Map<string, Json>([...Object.entries(payload), ['command', command], ['error', null]]));

const member = (id: number, clientPort?: number) => ({
  id,
  addresses: [{ host: '127.0.0.1', quorumPort: 21_880 + id, electionPort: 21_890 + id }],
  role: id === 4 ? ('observer' as const) : ('participant' as const),
  client: clientPort === undefined ? undefined : { host: '127.0.0.1', port: clientPort },
});

const standing = (id: number): Standing => ({
  myId: id,
  isLeader: id === 2,
  leaderId: 2,
  leaderHost: '127.0.0.1',
  addresses: member(id).addresses,
  client: { host: '127.0.0.1', port: 21_870 + id },
  voting: id !== 4,
  lastZxid: 0x1000000a0n,
});

describe('of members', () => {
  test.each([
    ['leader', 2],
    ['follower', 1],
    ['observer', 4],
  ])('%s', (role, id) => {
    const folder = `admin-ensemble/${role}`;
    const members = [1, 2, 3, 4].map((it) => member(it, it === id ? 21_870 + it : undefined));
    const membership = { members, groups: new Map(), weights: new Map(), version: 0n };
    const made: Readonly<Record<string, json.Payload>> = {
      leader: json.leaderJson(standing(id)),
      zabstate: json.zabStateJson(standing(id)),
      voting_view: json.votingViewJson(membership),
    };
    for (const [command, payload] of Object.entries(made)) {
      expect(answered(command, payload), command).toBe(apacheText(folder, command));
    }
  });

  test('observers of a leader', () => {
    const observer = {
      remote: '127.0.0.1:50820',
      sid: 4n,
      synced: true,
      establishedMs: 1_795_282_002_462.7,
      queuedPackets: 0,
      queuedBytes: -234,
      received: 3,
      sent: 164,
      requests: 0,
      lastZxid: 4_294_967_456n,
    };
    expect(answered('observers', json.observersJson([observer]))).toBe(
      apacheText('admin-ensemble/leader', 'observers'),
    );
    expect(answered('observers', json.observersJson([]))).toBe(apacheText('admin/busy', 'observers'));
    expect(json.observersJson([{ ...observer, synced: false }])).toMatchObject({ synced_observers: 0 });
  });

  test('a server alone', () => {
    expect(answered('zabstate', json.NO_ZAB_STATE)).toBe(apacheText('admin/busy', 'zabstate'));
    expect(answered('voting_view', json.votingViewJson(undefined))).toBe(
      apacheText('admin/busy', 'voting_view'),
    );
  });

  test('IPv6 addresses are in brackets', () => {
    const addresses = [{ host: '::1', quorumPort: 1, electionPort: 2 }];
    const shown = JSON.stringify(
      json.zabStateJson({ ...standing(1), addresses, lastZxid: 0n }),
      (_key, it) => (typeof it === 'bigint' ? String(it) : it),
    );
    expect(shown).toContain('"all_addresses":["[::1]:1"]');
  });
});

describe('statistics', () => {
  const report: ServerReport = {
    version: '3.8.0-${mvngit.commit.id}, built on 2024-12-29 17:54 UTC',
    readOnly: false,
    mode: 'standalone',
    latency: { min: 0, average: 0.8631, max: 8 },
    received: 168,
    sent: 168,
    connections: 2,
    outstanding: 0,
    zxid: 160n,
    nodes: 12,
  };
  const statistics: StatisticsReport = {
    slowSyncs: 0,
    responseBytes: { last: 16, min: 16, max: 92 },
    dataDirBytes: 66_009,
    dataLogBytes: 66_009,
    uptimeMs: 2185.9,
    authFailures: 0,
  };
  const connection = (port: number, packets: number) => ({
    remote: `127.0.0.1:${port}`,
    reading: true,
    queued: 0,
    received: packets,
    sent: packets,
    session: undefined,
  });

  test('server_stats and stats', () => {
    expect(answered('server_stats', json.serverStatsJson(report, statistics))).toBe(
      apacheText('admin/busy', 'server_stats'),
    );
    const connections = [connection(42_876, 12), connection(42_882, 156)];
    expect(answered('stats', json.statsJson(report, { ...statistics, uptimeMs: 2202 }, connections))).toBe(
      apacheText('admin/busy', 'stats'),
    );
  });

  test('of a leader, with the sizes of its proposals', () => {
    const leader = json.serverStatsJson(
      { ...report, proposalBytes: { last: 36, min: 36, max: 138 } },
      statistics,
    );
    const theirs = parseJackson(apacheText('admin-ensemble/leader', 'server_stats') ?? '') as Map<
      string,
      Json
    >;
    expect(jacksonText(leader.proposal_stats as Json)).toBe(
      jacksonText(theirs.get('proposal_stats') as Json),
    );
    expect(Object.keys(leader)).toEqual([...theirs.keys()].slice(0, -2));
  });

  test('connections with their sessions, dump and hash', () => {
    const session = (id: bigint, over: object) => ({
      id,
      lastOp: 0,
      establishedMs: 1_795_262_526_591,
      timeoutMs: 30_000,
      lastCxid: 11,
      lastZxid: 160n,
      lastResponseMs: 4_125_545,
      latency: { last: 1, min: 0, average: 1.4, max: 8 },
      ...over,
    });
    const second = {
      lastOp: 106,
      establishedMs: 1_795_262_526_617,
      timeoutMs: 40_000,
      lastCxid: 155,
      lastZxid: 156n,
      lastResponseMs: 4_125_536,
      latency: { last: 5, min: 0, average: 0.7, max: 5 },
    };
    const connections = [
      { ...connection(42_876, 12), session: session(72_057_864_306_556_928n, {}) },
      { ...connection(42_882, 156), session: session(72_057_864_306_556_929n, second) },
    ];
    expect(answered('connections', json.connectionsJson(connections))).toBe(
      apacheText('admin/busy', 'connections'),
    );
    const [a, b] = [72_057_864_306_556_928n, 72_057_864_306_556_929n];
    const dump = json.dumpJson(
      [
        [4_156_000, [a]],
        [4_166_000, [b]],
      ],
      [
        [a, ['/app/a2', '/app/a']],
        [b, ['/app/b']],
      ],
    );
    expect(answered('dump', dump)).toBe(apacheText('admin/busy', 'dump'));
    expect(answered('hash', json.hashJson([{ zxid: 128n, digest: 8_618_700_000n }]))).toBe(
      apacheText('admin/busy', 'hash'),
    );
    expect(
      answered('last_snapshot', json.lastSnapshotJson({ zxid: 0n, modifiedMs: 1_795_262_525_999 })),
    ).toBe(apacheText('admin/busy', 'last_snapshot'));
  });
});
