import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Summary } from '../../../src/base/summary.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import * as text from '../../../src/server/admin/four-letter-text.ts';
import { type MonitorReport, monitorMetrics } from '../../../src/server/admin/monitor.ts';
import { realText } from '../../../src/server/admin/real.ts';
import type { ConnectionReport, ServerReport } from '../../../src/server/admin/reports.ts';
import { ServerMetrics } from '../../../src/server/admin/server-metrics.ts';
import { NodeMetrics } from '../../../src/server/node/node-metrics.ts';

/** What Apache ZooKeeper answered (fixtures/4lw/PROVENANCE.md). */
const apache = (file: string): string =>
  readFileSync(new URL(`../../../fixtures/4lw/${file}`, import.meta.url), 'latin1');

const VERSION = apache('busy/srvr').split('\n')[0]?.slice('Zookeeper version: '.length) ?? '';

const BUSY: ServerReport = {
  version: VERSION,
  readOnly: false,
  mode: 'standalone',
  latency: { min: 0, average: 119 / 160 + 0.00025, max: 9 },
  received: 174,
  sent: 174,
  connections: 3,
  outstanding: 0,
  zxid: 0xa0n,
  nodes: 12,
};
const IDLE: ServerReport = {
  ...BUSY,
  latency: { min: 0, average: 0, max: 0 },
  received: 3,
  sent: 2,
  connections: 1,
  zxid: 0n,
  nodes: 5,
};

const asker = (port: number): ConnectionReport => ({
  remote: `127.0.0.1:${port}`,
  reading: false,
  queued: 0,
  received: 1,
  sent: 0,
  session: undefined,
});
const A: ConnectionReport = {
  remote: '127.0.0.1:34028',
  reading: true,
  queued: 0,
  received: 12,
  sent: 12,
  session: {
    id: 0x1000029228f0000n,
    lastOp: 0,
    establishedMs: 1795261100898,
    timeoutMs: 30_000,
    lastCxid: 11,
    lastZxid: 0xa0n,
    lastResponseMs: 2699818,
    latency: { last: 2, min: 0, average: 2.6, max: 9 },
  },
};
const B: ConnectionReport = {
  remote: '127.0.0.1:34034',
  reading: true,
  queued: 0,
  received: 156,
  sent: 156,
  session: {
    id: 0x1000029228f0001n,
    lastOp: OP.addWatch,
    establishedMs: 1795261100917,
    timeoutMs: 40_000,
    lastCxid: 0x9b,
    lastZxid: 0x9cn,
    lastResponseMs: 2699808,
    latency: { last: 2, min: 0, average: 0.9, max: 2 },
  },
};
const fresh = (c: ConnectionReport): ConnectionReport => ({
  ...c,
  received: 0,
  sent: 0,
  session: c.session && {
    ...c.session,
    lastOp: 0,
    lastCxid: -1,
    lastZxid: -1n,
    lastResponseMs: 0,
    latency: { last: 0, min: 0, average: 0, max: 0 },
  },
});

const configuration = (bytes: number) => ({
  clientPort: 21820,
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
  serverId: 0,
});

const [S1, S2] = ['0x1000029228f0000', '0x1000029228f0001'] as const;
const line = (port: number, session: string): string => `ip: /127.0.0.1:${port} sessionId: ${session}`;

describe("the texts are Apache's, byte by byte", () => {
  test.each<[string, string]>([
    ['idle/ruok', text.ruokText],
    ['idle/crst', text.crstText],
    ['idle/srst', text.srstText],
    ['idle/srvr', text.srvrText(IDLE)],
    ['busy/srvr', text.srvrText(BUSY)],
    ['idle/stat', text.statText({ ...IDLE, received: 4, sent: 3 }, [asker(33780)])],
    ['busy/stat', text.statText({ ...BUSY, received: 175, sent: 175 }, [A, B, asker(34054)])],
    ['idle/cons', text.consText([asker(33794)])],
    ['busy/cons', text.consText([A, asker(34068), B])],
    ['busy/cons.after-crst', text.consText([fresh(A), fresh(B), asker(56836)])],
    ['idle/conf', text.confText(configuration(457))],
    ['busy/conf', text.confText(configuration(66009))],
    ['busy/dirs', text.dirsText(configuration(66009))],
    ['idle/wchs', text.wchsText({ connections: 0, paths: 0, watches: 0 })],
    ['busy/wchs', text.wchsText({ connections: 2, paths: 3, watches: 4 })],
    ['idle/wchc', text.watchesText([])],
    [
      'busy/wchc',
      text.watchesText([
        [S1, ['/app', '/absent', '/deep']],
        [S2, ['/app']],
      ]),
    ],
    [
      'busy/wchp',
      text.watchesText([
        ['/app', [S1, S2]],
        ['/absent', [S1]],
        ['/deep', [S1]],
      ]),
    ],
    ['idle/hash', text.hashText([])],
    ['busy/hash', text.hashText([{ zxid: 0x80n, digest: 10325888004n }])],
    [
      'idle/dump',
      text.dumpText({
        sessions: [],
        ephemerals: [],
        connections: [{ at: 'Sat Nov 21 11:38:31 UTC 2026', lines: [line(33818, '0x0')] }],
      }),
    ],
    [
      'busy/dump',
      text.dumpText({
        sessions: [
          { at: 'Sat Nov 21 11:38:51 UTC 2026', lines: [S1] },
          { at: 'Sat Nov 21 11:39:01 UTC 2026', lines: [S2] },
        ],
        ephemerals: [
          { session: 0x1000029228f0000n, paths: ['/app/a2', '/app/a'] },
          { session: 0x1000029228f0001n, paths: ['/app/b'] },
        ],
        connections: [
          { at: 'Sat Nov 21 11:38:31 UTC 2026', lines: [] },
          { at: 'Sat Nov 21 11:38:41 UTC 2026', lines: [line(34098, '0x0')] },
          { at: 'Sat Nov 21 11:38:51 UTC 2026', lines: [line(34028, S1)] },
          { at: 'Sat Nov 21 11:39:01 UTC 2026', lines: [line(34034, S2)] },
        ],
      }),
    ],
  ])('%s', (file, written) => {
    expect(written).toBe(apache(file));
  });

  test('envi: the keys and their order', () => {
    const pairs = apache('idle/envi')
      .split('\n')
      .slice(1, -1)
      .map((l): [string, string] => [l.slice(0, l.indexOf('=')), l.slice(l.indexOf('=') + 1)]);
    expect(text.enviText(pairs)).toBe(apache('idle/envi'));
  });

  test('a read-only server says so', () => {
    expect(text.srvrText({ ...IDLE, readOnly: true, mode: 'read-only' }).split('\n')[1]).toBe(
      'READ-ONLY mode; serving only read-only clients',
    );
  });
});

describe('numbers as Java writes them', () => {
  test.each([
    [0, '0.0'],
    [1, '1.0'],
    [0.74375, '0.7438'],
    [0.74, '0.74'],
    [41.66666, '41.6667'],
    [0.00049, '5.0E-4'],
    [0.00004, '0.0'],
    [12345678.9, '1.23456789E7'],
    [20_000_000, '2.0E7'],
    [9_999_999.5, '9999999.5'],
  ])('%d', (value, expected) => {
    expect(realText(value)).toBe(expected);
  });
});

describe('mntr', () => {
  const summary = (...values: number[]): Summary => {
    const s = new Summary();
    for (const v of values) s.add(v);
    return s;
  };
  const report: MonitorReport = {
    version: VERSION,
    mode: 'standalone',
    ephemerals: 3,
    connections: 3,
    outstanding: 0,
    nodes: 12,
    sessions: 2,
    watches: 8,
    dataBytes: 204,
    uptimeMs: 4505.7,
    openFiles: 42,
    openFilesMax: 20_000,
    quotas: [{ path: '/app', countLimit: 5, countUsed: 4, bytesLimit: 100, bytesUsed: 12 }],
    traffic: {
      latency: BUSY.latency,
      readLatency: summary(0, 0, 0, 1, 1, 1, 1, 2),
      updateLatency: summary(0, 1, 2, 9),
      packetsReceived: 177,
      packetsSent: 177,
      bytesReceived: 5653,
      responseBytes: 13_208,
      watchBytes: 0,
      connectRequests: 2,
      revalidations: 0,
      rejected: 0,
      dropped: 0,
      sessionlessExpired: 0,
      notServing: 0,
      authFailures: 0,
      throttled: 0,
      lastResponseBytes: 16,
      minResponseBytes: 16,
      maxResponseBytes: 92,
    },
    metrics: new ServerMetrics(),
    node: { ...new NodeMetrics(), loadMs: 0, replayMs: 0 },
  };
  const ours = text.mntrText(monitorMetrics(report)).split('\n').slice(0, -1);
  const theirs = apache('busy/mntr').split('\n').slice(0, -1);
  const nameOf = (l: string): string => l.split('\t')[0] ?? '';

  /** Metrics that Apache 3.8.0 does not have. */
  const OWN = ['zk_fsync_threshold_exceed_count'];

  test('has names of Apache only, and no name twice', () => {
    const known = new Set(theirs.map(nameOf));
    expect(ours.map(nameOf).filter((n) => !known.has(n))).toEqual(OWN);
    expect(new Set(ours.map(nameOf)).size).toBe(ours.length);
  });

  test('equals Apache where the values are fed in', () => {
    const fed =
      /latency|packets|count|znode|watch|sessions|approximate|quota|version|state|bytes|uptime|response/;
    const mine = new Map(ours.map((l) => [nameOf(l), l]));
    const compared = theirs.filter(
      (l) => fed.test(l) && mine.has(nameOf(l)) && !/latency|fsync|_count_/.test(l),
    );
    expect(compared.length).toBeGreaterThan(35);
    expect(compared.map((l) => mine.get(nameOf(l)))).toEqual(compared);
    expect(mine.get('zk_avg_latency')).toBe('zk_avg_latency\t0.744');
  });

  test('wholes and reals have the form they have in Apache', () => {
    const form = (l: string): string =>
      /\t-?\d+$/.test(l) ? 'whole' : /\t-?\d+\.\d+$/.test(l) ? 'real' : 'text';
    const known = new Map(theirs.map((l) => [nameOf(l), form(l)]));
    for (const l of ours) if (known.has(nameOf(l))) expect(form(l), l).toBe(known.get(nameOf(l)));
  });

  test('percentiles', () => {
    expect(ours).toContain('zk_p50_updatelatency\t1');
    expect(ours).toContain('zk_p999_updatelatency\t9');
    expect(ours).toContain('zk_avg_readlatency\t0.75');
  });
});

test.each<[string, string, string]>([
  ['127.0.0.1', '10.0.0.1', 'http://127.0.0.1:8080\n'],
  ['0.0.0.0', '10.0.0.1', 'http://10.0.0.1:8080\n'],
  ['0.0.0.0', '::1', 'http://127.0.0.1:8080\n'],
  ['::', '::1', 'http://[::1]:8080\n'],
  ['::', 'fd00::2', 'http://[fd00::2]:8080\n'],
])('admn: bound to %s, reached by %s', (host, reached, told) => {
  expect(text.admnText({ host, port: 8080 }, reached)).toBe(told);
});
