/**
 * Every four-letter word asked of Apache's server and of zkt's after the same work: the same lines, and the
 * same values wherever the work decides them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../src/client/index.ts';
import { failure } from '../client/clients.ts';
import { ABSENT } from '../server/admin/metric-names.ts';
import { findApache, fourLetterWord } from './apache.ts';
import { type Kind, killAll, start, type TestServer } from './servers.ts';

/** A server with two clients that stay. */
interface Busy {
  readonly server: TestServer;
  readonly clients: readonly Client[];
  /** `mntr` when nothing had been done. */
  readonly before: ReadonlyMap<string, string>;
}

/** Words whose whole answer is the same, but for what `neutral` takes out. */
const SAME = [
  'srvr',
  'stat',
  'cons',
  'conf',
  'dirs',
  'dump',
  'wchs',
  'wchc',
  'wchp',
  'hash',
  'isro',
  'ruok',
  'gtmk',
];

/** Metrics with a value that the work decides. */
const DECIDED = [
  'server_state ephemerals_count num_alive_connections outstanding_requests znode_count global_sessions local_sessions',
  'watch_count approximate_data_size last_client_response_size min_client_response_size max_client_response_size',
  'auth_failed_count non_mtls_remote_conn_count non_mtls_local_conn_count outstanding_tls_handshake',
  'connection_drop_probability max_file_descriptor_count connection_rejected digest_mismatches_count',
  'app_quota_bytes_limit_per_namespace app_quota_count_usage_per_namespace app_quota_count_limit_per_namespace',
  'app_quota_bytes_usage_per_namespace stale_sessions_expired connection_request_count connection_revalidate_count',
  'cnt_fsynctime cnt_updatelatency cnt_readlatency cnt_propagation_latency',
  'cnt_node_created_watch_count cnt_node_deleted_watch_count cnt_node_changed_watch_count',
  'cnt_node_children_watch_count sum_node_children_watch_count max_node_changed_watch_count',
  'cnt_app_read_per_namespace sum_app_read_per_namespace cnt_app_write_per_namespace sum_app_write_per_namespace',
  'cnt_zookeeper_write_per_namespace sum_zookeeper_write_per_namespace cnt_startup_txns_loaded',
].flatMap((line) => line.split(' '));

/**
 * Metrics that the work makes grow by the same; before it, they are a matter of how the server was started.
 */
const GROWN = [
  'response_bytes',
  'watch_bytes',
  'proposal_count',
  'snap_count',
  'commit_count',
  'outstanding_changes_queued',
  'outstanding_changes_removed',
];

/** Metrics of Apache that zkt does not have; `metric-names.ts` says why. */
const isAbsent = (name: string): boolean =>
  Object.keys(ABSENT).some((it) => name === `zk_${it}` || name.endsWith(`_${it}`));

const metrics = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t') as [string, string]),
  );

const KINDS: readonly Kind[] = ['Apache', 'zkt'];
const QUOTA = '/zookeeper/quota/app';
const dirs: string[] = [];
const busy = new Map<Kind, Busy>();

/** The same requests in the same order, one at a time: so counts, zxids and sizes are the same. */
async function work(server: TestServer): Promise<Busy> {
  const before = metrics(await fourLetterWord(server.port, 'mntr'));
  await fourLetterWord(server.port, 'srst');
  const open = async (sessionTimeoutMs: number): Promise<Client> => {
    const client = connect({ servers: server.address, sessionTimeoutMs });
    await client.connected(20_000);
    return client;
  };
  const [a, b] = [await open(30_000), await open(40_000)];
  await a.create('/app', 'data');
  await a.create('/app/a', 'data', { mode: 'ephemeral' });
  await a.create('/app/a2', null, { mode: 'ephemeral' });
  await b.create('/app/b', 'data', { mode: 'ephemeral' });
  await a.create('/app/größe', 'žluť');
  for (let i = 0; i < 130; i++) await b.set('/app', 'data', i);
  await a.get('/app', true);
  await a.exists('/absent', true);
  await a.getChildren('/app', true);
  await b.get('/app', true);
  await b.getChildren('/', true);
  await b.addWatch('/app/b', 'persistent');
  await a.addWatch('/deep', 'persistentRecursive');
  await a.create(QUOTA);
  await a.create(`${QUOTA}/zookeeper_limits`, 'count=5,bytes=100');
  // As long as the text the server makes of it: Apache's count of bytes would not notice a change.
  await a.create(`${QUOTA}/zookeeper_stats`, 'count=0,bytes=00');
  await failure(a.delete('/app'));
  const passing = await open(30_000);
  await passing.create('/app/gone', null, { mode: 'ephemeral' });
  await passing.close();
  await a.sync('/');
  return { server, clients: [a, b], before };
}

const at = (kind: Kind): Busy => busy.get(kind) as Busy;
const ask = (kind: Kind, word: string): Promise<string> => fourLetterWord(at(kind).server.port, word);

/**
 * What is a matter of the moment, of the process or of the machine, made the same; order of clients and sets
 * too.
 */
function neutral(kind: Kind, text: string): string {
  const { server, clients } = at(kind);
  let same = text.replaceAll(server.dataDir, 'DIR').replaceAll(`=${server.port}\n`, '=PORT\n');
  for (const [i, client] of clients.entries())
    same = same.replaceAll(`0x${client.sessionId.toString(16)}`, `SESSION${i}`);
  return (
    same
      .replace(/^(Zookeeper version: ).*$/gm, '$1V')
      .replace(/^(Latency min\/avg\/max: ).*$/gm, '$1L')
      .replace(/127\.0\.0\.1:\d+/g, 'CLIENT')
      .replace(/(est|lresp|llat|minlat|avglat|maxlat)=\d+/g, '$1=N')
      .replace(/( expire at ).*:$/gm, '$1D:')
      .replace(/^([0-9a-f]+: )-?\d+$/gm, '$1DIGEST')
      // Apache keeps buckets that have become empty for a while.
      .replace(/^0 expire at D:\n/gm, '')
      .replace(/ Sets \(\d+\)\//g, ' Sets (B)/')
      .split('\n')
      .sort()
      .join('\n')
  );
}

describe.skipIf(findApache() === undefined)('four-letter words after the same work', () => {
  beforeAll(async () => {
    for (const kind of KINDS) {
      const dataDir = mkdtempSync(path.join(tmpdir(), 'zkt-words-'));
      dirs.push(dataDir);
      busy.set(kind, await work(await start(kind, { dataDir })));
    }
  });
  afterAll(async () => {
    await Promise.all([...busy.values()].flatMap(({ clients }) => clients.map((it) => it.close())));
    await killAll();
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
  });

  it.each([...SAME, 'stmk'])('%s', async (word) => {
    const asked = word === 'stmk' ? 'stmk\0\0\0\0\0\0\x01\x7f' : word;
    const [theirs, ours] = [await ask('Apache', asked), await ask('zkt', asked)];
    expect(neutral('zkt', ours)).toBe(neutral('Apache', theirs));
    expect(theirs.length).toBeGreaterThan(1);
  });

  it('envi: the same keys, and one of our own', async () => {
    const keys = async (kind: Kind) =>
      (await ask(kind, 'envi')).split('\n').map((line) => line.split('=')[0]);
    expect((await keys('zkt')).filter((key) => key !== 'node.version')).toEqual(await keys('Apache'));
  });

  it('mntr: names and values', async () => {
    const [theirs, ours] = [metrics(await ask('Apache', 'mntr')), metrics(await ask('zkt', 'mntr'))];
    const missing = [...theirs.keys()].filter((name) => !ours.has(name) && !isAbsent(name));
    expect(missing).toEqual([]);
    expect([...ours.keys()].filter((name) => !theirs.has(name))).toEqual(['zk_fsync_threshold_exceed_count']);
    expect([...ours.keys()].filter(isAbsent)).toEqual([]);
    const pick = (of: ReadonlyMap<string, string>) =>
      Object.fromEntries(DECIDED.map((name) => [name, of.get(`zk_${name}`)]));
    expect(pick(ours)).toEqual(pick(theirs));
    const grown = (kind: Kind, of: ReadonlyMap<string, string>) =>
      GROWN.map((name) => Number(of.get(`zk_${name}`)) - Number(at(kind).before.get(`zk_${name}`)));
    expect(grown('zkt', ours)).toEqual(grown('Apache', theirs));
  });

  it.each(['crst', 'srst', 'cons', 'srvr'])('%s, once counts are set back', async (word) => {
    const [theirs, ours] = [await ask('Apache', word), await ask('zkt', word)];
    expect(neutral('zkt', ours)).toBe(neutral('Apache', theirs));
  });
});
