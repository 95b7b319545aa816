/**
 * Words whose answer depends on the role, against what Apache's servers said
 * (fixtures/4lw-ensemble/PROVENANCE.md).
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Summary } from '../../../src/base/summary.ts';
import { Bus } from '../../../src/events/bus.ts';
import * as text from '../../../src/server/admin/four-letter-text.ts';
import { type MonitorReport, monitorMetrics } from '../../../src/server/admin/monitor.ts';
import type { QuorumFacts } from '../../../src/server/admin/quorum-facts.ts';
import type { ServerMode, ServerReport } from '../../../src/server/admin/reports.ts';
import { ServerMetrics } from '../../../src/server/admin/server-metrics.ts';
import { NodeMetrics } from '../../../src/server/node/node-metrics.ts';

const apache = (role: string, word: string): string =>
  readFileSync(new URL(`../../../fixtures/4lw-ensemble/${role}/${word}`, import.meta.url), 'latin1');

const values = (mntr: string): Map<string, string> =>
  new Map(
    mntr
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t') as [string, string]),
  );

const server: ServerReport = {
  version: apache('leader', 'srvr').split('\n')[0]?.slice('Zookeeper version: '.length) ?? '',
  readOnly: false,
  mode: 'leader',
  latency: { min: 0, average: 0, max: 0 },
  received: 2,
  sent: 1,
  connections: 1,
  outstanding: 0,
  zxid: 0x1000000a0n,
  nodes: 12,
};

const MEMBERSHIP = [
  ...[1, 2, 3].map((id) => `server.${id}=127.0.0.1:2185${id}:2186${id}:participant`),
  'server.4=127.0.0.1:21854:21864:observer',
  'version=0',
].join('\n');

const conf = (id: number, bytes: number, membership: string | null = MEMBERSHIP): string =>
  text.confText({
    clientPort: 21_840 + id,
    secureClientPort: -1,
    dataDir: '/zookeeper/data/version-2',
    dataDirBytes: bytes,
    dataLogDir: '/zookeeper/data/version-2',
    dataLogBytes: bytes,
    tickTimeMs: 2000,
    connectionsPerAddressMax: 60,
    sessionTimeoutMinMs: 4000,
    sessionTimeoutMaxMs: 600_000,
    backlog: -1,
    serverId: id,
    member: {
      initLimitTicks: 10,
      syncLimitTicks: 5,
      electionAlgorithm: 3,
      electionPort: 21_860 + id,
      quorumPort: 21_850 + id,
      peerType: id === 4 ? 'observer' : 'participant',
      membership: membership ?? undefined,
    },
  });
const size = (role: string): number => Number(/dataDirSize=(\d+)/.exec(apache(role, 'conf'))?.[1]);

describe('byte by byte', () => {
  test.each<[string, string, string]>([
    ['leader', 'srvr', text.srvrText({ ...server, proposalBytes: { last: 36, min: 36, max: 138 } })],
    ['observer', 'srvr', text.srvrText({ ...server, mode: 'observer' })],
    [
      'read-only',
      'srvr',
      text.srvrText({ ...server, mode: 'read-only', readOnly: true, zxid: 0x1000000a2n, nodes: 9 }),
    ],
    ['leader', 'conf', conf(2, size('leader'))],
    ['follower', 'conf', conf(1, size('follower'))],
    ['observer', 'conf', conf(4, size('observer'))],
    ['read-only', 'conf', conf(1, size('read-only'), null)],
  ])('%s %s', (role, word, written) => {
    expect(written).toBe(apache(role, word));
  });

  test('dump of a follower', () => {
    const theirs = apache('follower', 'dump');
    const ids = [...theirs.matchAll(/^(0x\w+)\t(\d+)ms$/gm)].map(([, id, ms]) => ({
      id: BigInt(id ?? ''),
      timeoutMs: Number(ms),
    }));
    const [a = { id: 0n }, b = { id: 0n }] = ids;
    const connections = [...theirs.matchAll(/^1 expire at (.*):\n\t(.*)$/gm)].map(
      ([, at = '', line = '']) => ({
        at,
        lines: [line],
      }),
    );
    const ephemerals = [
      { session: b.id, paths: ['/app/b'] },
      { session: a.id, paths: ['/app/a2', '/app/a'] },
    ];
    expect(text.dumpText({ sessions: [], global: ids, ephemerals, connections })).toBe(theirs);
  });
});

describe('mntr', () => {
  const nothing = new Summary();
  const report = (mode: ServerMode, quorum: QuorumFacts | undefined): MonitorReport => ({
    version: server.version,
    mode,
    ephemerals: 3,
    connections: 1,
    outstanding: 0,
    nodes: 12,
    sessions: 2,
    watches: 0,
    dataBytes: 382,
    uptimeMs: 3100,
    openFiles: 48,
    openFilesMax: 20_000,
    quotas: [],
    traffic: new Proxy({ latency: server.latency, readLatency: nothing, updateLatency: nothing } as never, {
      get: (target, key) => (key in (target as object) ? (target as Record<PropertyKey, unknown>)[key] : 0),
    }),
    metrics: new ServerMetrics(),
    node: { ...new NodeMetrics(), loadMs: 0, replayMs: 0 },
    quorum,
  });
  const follower: QuorumFacts = {
    peerState: 'following - broadcast',
    voters: 3,
    observerMaster: undefined,
    leading: undefined,
  };
  const leader: QuorumFacts = {
    ...follower,
    peerState: 'leading - broadcast',
    leading: {
      learners: 3,
      syncedFollowers: 2,
      syncedNonVotingFollowers: 0,
      syncedObservers: 1,
      pendingSyncs: 0,
      leaderUptimeMs: 3031,
      proposalBytes: { last: 36, min: 36, max: 138 },
    },
  };

  test.each<[ServerMode, QuorumFacts | undefined]>([
    ['leader', leader],
    ['follower', follower],
    ['observer', { ...follower, peerState: 'observing - broadcast', observerMaster: 2 }],
    ['read-only', undefined],
  ])('%s: the names of its role, with the values fed in', (role, quorum) => {
    const theirs = values(apache(role, 'mntr'));
    const ours = values(text.mntrText(monitorMetrics(report(role, quorum))));
    expect([...ours.keys()].filter((name) => !theirs.has(name))).toEqual(['zk_fsync_threshold_exceed_count']);
    const alone = values(readFileSync(new URL('../../../fixtures/4lw/busy/mntr', import.meta.url), 'latin1'));
    const ofRole = [...theirs.keys()].filter((n) => !alone.has(n) && !/learner_handler_qp/.test(n));
    expect(ofRole.filter((name) => !ours.has(name))).toEqual([]);
    expect(ofRole.map((name) => [name, ours.get(name)])).toEqual(
      ofRole.map((name) => [name, theirs.get(name)]),
    );
    expect(ours.get('zk_server_state')).toBe(role);
  });

  test('elections and proposals are counted from events', () => {
    const bus = new Bus('1', { wallMs: () => 0 });
    const metrics = new ServerMetrics();
    metrics.subscribe(bus);
    const synced = (count: number): void => bus.emit('log.synced', { count, zxid: 1n, ms: 1 });
    const elected = (state: string, ms: number): void => {
      const vote = { leader: 1n, zxid: 0n, peerEpoch: 1, round: 1, how: 'quorum' };
      bus.emit('election.decided', { state, ...vote, ms });
      bus.emit('peer.state', { state, leader: 1n });
    };
    elected('FOLLOWING', 250);
    synced(2);
    bus.emit('peer.state', { state: 'LOOKING', leader: -1n });
    expect(metrics.lookings).toBe(2);
    elected('LEADING', 50);
    synced(5);
    const { lookings, electionMs, proposalsReceived, proposals } = metrics;
    expect([lookings, electionMs.sum, proposalsReceived, proposals]).toEqual([2, 300, 2, 5]);
  });
});
