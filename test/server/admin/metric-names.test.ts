/** Which of Apache's metrics there are: by name, kind and role (fixtures/metrics/PROVENANCE.md). */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EventCounts } from '../../../src/server/admin/event-counts.ts';
import { type MonitorReport, monitorMetrics } from '../../../src/server/admin/monitor.ts';
import { PrometheusText } from '../../../src/server/admin/prometheus.ts';
import type { Metric } from '../../../src/server/admin/reports.ts';
import { ServerMetrics } from '../../../src/server/admin/server-metrics.ts';
import { PortStats } from '../../../src/server/net/traffic-stats.ts';
import { NodeMetrics } from '../../../src/server/node/node-metrics.ts';
import { ABSENT } from './metric-names.ts';

/** Kind, name and roles of each of Apache's. */
const APACHE = readFileSync(
  new URL('../../../fixtures/metrics/apache-3.8-names.txt', import.meta.url),
  'utf8',
)
  .trimEnd()
  .split('\n')
  .map((line) => line.split(' ') as [kind: string, name: string, roles: string]);

/** Everything has happened once. */
function metricsOf(mode: 'leader' | 'follower' | 'standalone'): Metric[] {
  const node = new NodeMetrics();
  node.acksOf(2n)?.add(3);
  node.read('/app/x', 4);
  const time = { clientId: 1n, cxid: 1, zxid: 1n, time: 0n, type: 5 };
  node.quotaRefused('/app/x');
  node.applied(time, { type: 5, path: '/app', data: Buffer.from('data'), version: 1 }, 7);
  const report: MonitorReport = {
    version: 'v',
    mode,
    ephemerals: 0,
    connections: 0,
    outstanding: 0,
    nodes: 5,
    sessions: 0,
    watches: 0,
    dataBytes: 0,
    uptimeMs: 1,
    openFiles: 1,
    openFilesMax: 2,
    quotas: [
      { path: '/app', countLimit: 5, countUsed: 4, bytesLimit: 100, bytesUsed: 12 },
      ...['/two/a', '/two/b', `/${'q"'.repeat(100_000)}`].map((path) => {
        return { path, countLimit: -1, countUsed: 1, bytesLimit: -1, bytesUsed: 1 };
      }),
    ],
    traffic: new PortStats(),
    metrics: new ServerMetrics(),
    node: { ...node, loadMs: 3, replayMs: 1 },
    quorum:
      mode === 'standalone'
        ? undefined
        : {
            peerState: 'x',
            voters: 3,
            observerMaster: undefined,
            leading:
              mode === 'leader'
                ? {
                    learners: 2,
                    syncedFollowers: 2,
                    syncedNonVotingFollowers: 0,
                    syncedObservers: 0,
                    pendingSyncs: 0,
                    leaderUptimeMs: 1,
                    proposalBytes: { last: 1, min: 1, max: 1 },
                  }
                : undefined,
          },
  };
  return monitorMetrics(report);
}

const namesOf = (metrics: readonly Metric[]): Set<string> =>
  new Set(metrics.filter(({ kind }) => kind !== 'text').map(({ name }) => name));

describe("Apache's metrics", () => {
  test.each([
    ['leader', 155, 99],
    ['standalone', 145, 89],
  ] as const)('%s: of %d there are %d', (role, theirs, ours) => {
    const apache = APACHE.filter(([, , roles]) => roles.split(',').includes(role)).map(([, name]) => name);
    const mine = namesOf(metricsOf(role));
    expect(apache.length).toBe(theirs);
    expect(apache.filter((name) => mine.has(name)).length).toBe(ours);
  });

  test('each that is absent has its reason, and none of them is there', () => {
    const mine = namesOf(metricsOf('leader'));
    const missing = APACHE.map(([, name]) => name).filter((name) => !mine.has(name));
    expect(missing.filter((name) => ABSENT[name] === undefined)).toEqual([]);
    expect(Object.keys(ABSENT).filter((name) => mine.has(name))).toEqual([]);
    expect(Object.keys(ABSENT).filter((name) => !APACHE.some((it) => it[1] === name))).toEqual([]);
  });

  test('beside them there is what Apache shows elsewhere', () => {
    const theirs = new Set(APACHE.map(([, name]) => name));
    expect([...namesOf(metricsOf('leader'))].filter((name) => !theirs.has(name))).toEqual([
      'fsync_threshold_exceed_count',
    ]);
  });

  test('are of the kind that Apache says, sets with a key', () => {
    const kinds = new Map(APACHE.map(([kind, name]) => [name, kind]));
    for (const metric of metricsOf('leader')) {
      const theirs = kinds.get(metric.name);
      if (theirs === undefined || metric.kind === 'text') continue;
      const kind = metric.kind === 'real' ? 'gauge' : metric.kind;
      const set = metric.key === undefined ? '' : '-set';
      const level = metric.kind === 'summary' ? (metric.value.detailed ? '-advanced' : '-basic') : '';
      expect(`${metric.name} ${kind}${set}${level}`).toBe(`${metric.name} ${theirs}`);
    }
  });
});

describe('Prometheus', () => {
  const text = async (): Promise<string> => {
    const events = new EventCounts();
    events.counts.set('session.expired', 7);
    const info = { version: 'x "y"\n', mode: 'leader', server_id: '2' };
    return new PrometheusText().text({ metrics: metricsOf('leader'), events, info });
  };

  test('shows the names without a prefix, with type and help', async () => {
    const lines = (await text()).split('\n');
    const types = new Map(
      lines.flatMap((line) => {
        const found = /^# TYPE (\S+) (\S+)$/.exec(line);
        return found === null ? [] : [[found[1] ?? '', found[2] ?? ''] as const];
      }),
    );
    for (const [kind, name] of APACHE) {
      if (ABSENT[name] === undefined)
        expect(`${name} ${types.get(name)}`).toBe(`${name} ${kind.split('-')[0]}`);
    }
    expect(new Set(lines.filter((line) => line.startsWith('# TYPE'))).size).toBe(types.size);
    // What goes through every connection of the process is not asked for.
    expect([...types.keys()].filter((name) => name.startsWith('nodejs_active'))).toEqual([]);
    for (const name of [
      'process_cpu_seconds_total',
      'nodejs_eventloop_lag_seconds',
      'nodejs_heap_size_used_bytes',
    ]) {
      expect(types.has(name), name).toBe(true);
    }
  });

  test.each([
    'znode_count 5',
    'process_open_fds 1',
    'connection_rejected 0',
    'dbinittime{quantile="0.5"} 3',
    'dbinittime_count 1',
    'dbinittime_sum 3',
    'propagation_latency{quantile="0.99"} 7',
    'propagation_latency_sum 7',
    'ack_latency{quantile="0.9",key="2"} 3',
    'ack_latency_count{key="2"} 1',
    'read_per_namespace_sum{key="app"} 78',
    'write_per_namespace_sum{key="app"} 8',
    'quota_count_limit_per_namespace{key="app"} 5',
    'quota_count_limit_per_namespace{key="two"} -1',
    `quota_count_limit_per_namespace{key="${'q\\"'.repeat(64)}…"} -1`,
    'zkt_events_total{name="session.expired"} 7',
    'zkt_info{version="x \\"y\\"\\n",mode="leader",server_id="2"} 1',
  ])('%s', async (line) => {
    expect((await text()).split('\n')).toContain(line);
  });

  test('every line is one that Prometheus reads', async () => {
    const sample =
      /^[a-zA-Z_:][\w:]*(\{(\w+="([^"\\\n]|\\.)*",?)+\})? (-?\d+(\.\d+)?(e[+-]?\d+)?|Nan|\+Inf)$/i;
    const odd = (await text())
      .split('\n')
      .filter((line) => line !== '' && !/^# (HELP|TYPE) /.test(line) && !sample.test(line));
    expect(odd).toEqual([]);
  });
});
