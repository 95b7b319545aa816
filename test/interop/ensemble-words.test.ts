/** Four-letter words by role: three voters and an observer of Apache's and of zkt's, after the same work. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findApache } from './apache.ts';
import { Ensemble } from './ensemble.ts';
import type { Kind } from './servers.ts';

/** Who leads in both: the newest history is the same for all, and the largest id wins. */
const LEADER = 3;
const ROLES = [
  ['leader', LEADER],
  ['follower', 1],
  ['observer', 4],
] as const;
/** Metrics of a role with values that the work decides. */
const DECIDED = [
  'server_state peer_state observer_master_id quorum_size learners synced_followers synced_observers',
  'synced_non_voting_followers pending_syncs global_sessions local_sessions znode_count ephemerals_count watch_count',
  'num_alive_connections approximate_data_size outstanding_requests digest_mismatches_count',
  'app_quota_count_limit_per_namespace app_quota_count_usage_per_namespace',
  'cnt_app_write_per_namespace sum_app_write_per_namespace cnt_app_read_per_namespace sum_app_read_per_namespace',
  'cnt_quorum_ack_latency cnt_proposal_latency cnt_commit_propagation_latency cnt_propagation_latency',
  'cnt_proposal_ack_creation_latency cnt_node_changed_watch_count revalidate_count',
].flatMap((line) => line.split(' '));
/** A member's metrics that a server alone does not have; those of single queues aside. */
const OF_MEMBERS =
  /quorum_size|learners|synced_|pending_syncs|leader_uptime|_proposal_size|election_time|peer_state|observer_master|(ack|proposal|propagation)_latency|unavailable|_sync_time|_per_namespace|watch_count/;

const ensembles = new Map<Kind, Ensemble>();
const at = (kind: Kind): Ensemble => ensembles.get(kind) as Ensemble;
const KINDS: readonly Kind[] = ['Apache', 'zkt'];

async function work(kind: Kind): Promise<Ensemble> {
  const participants = [kind, kind, kind];
  const ensemble = await Ensemble.started({ participants, observers: [kind] });
  await ensemble.lead(LEADER);
  const a = await ensemble.client([1]);
  const b = await ensemble.client([1], { sessionTimeoutMs: 8_000 });
  await a.create('/app', 'data');
  await a.create('/app/a', 'data', { mode: 'ephemeral' });
  await b.create('/app/b', 'data', { mode: 'ephemeral' });
  await a.create('/zookeeper/quota/app');
  await a.create('/zookeeper/quota/app/zookeeper_limits', 'count=5,bytes=100');
  // As long as the text that the servers make of it: Apache's count of bytes would not notice a change.
  await a.create('/zookeeper/quota/app/zookeeper_stats', 'count=0,bytes=00');
  for (let i = 0; i < 20; i++) await b.set('/app', 'data', i);
  await a.get('/app', true);
  for (const { sid } of ensemble.members) await (await ensemble.client([sid])).sync('/');
  return ensemble;
}

/** What is a matter of the moment, the process or the machine, made the same; order of lines too. */
function neutral(kind: Kind, sid: number, text: string): string {
  const ensemble = at(kind);
  let same = text.replaceAll(ensemble.member(sid).dataDir, 'DIR');
  for (const { sid: id, options } of ensemble.members) {
    const { clientPort, quorumPort, electionPort } = options;
    for (const [name, port] of Object.entries({ clientPort, quorumPort, electionPort })) {
      same = same.replaceAll(new RegExp(`([:=])${port}\\b`, 'g'), `$1${name}${id}`);
    }
  }
  return same
    .replace(/^(Zookeeper version: ).*$/gm, '$1V')
    .replace(/^(Latency min\/avg\/max|Received|Sent|Connections|Zxid): .*$/gm, '$1: N')
    .replace(/^(dataDirSize|dataLogSize)=\d+$/gm, '$1=N')
    .replace(/0x\d[0-9a-f]{12,}/g, 'SESSION')
    .replace(/127\.0\.0\.1:\d+ /g, 'CLIENT ')
    .replace(/( expire at ).*:$/gm, '$1D:')
    .replace(/^\d+ expire at D:\n/gm, '')
    .replace(/ Sets \(\d+\)\//g, ' Sets (B)/')
    .split('\n')
    .sort()
    .join('\n');
}

const metrics = (text: string): Map<string, string> =>
  new Map(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t') as [string, string]),
  );

describe.skipIf(findApache() === undefined)('four-letter words of ensembles', () => {
  beforeAll(async () => {
    for (const kind of KINDS) ensembles.set(kind, await work(kind));
  });
  afterAll(() => Promise.all([...ensembles.values()].map((ensemble) => ensemble.end())));

  describe.each(ROLES)('%s', (_role, sid) => {
    it.each(['srvr', 'conf', 'dump', 'isro', 'wchs'])('%s', async (word) => {
      const [theirs, ours] = [
        await at('Apache').member(sid).word(word),
        await at('zkt').member(sid).word(word),
      ];
      expect(neutral('zkt', sid, ours)).toBe(neutral('Apache', sid, theirs));
      expect(theirs.length).toBeGreaterThan(1);
    });

    it('mntr: the names of the role, and values that the work decides', async () => {
      const theirs = metrics(await at('Apache').member(sid).word('mntr'));
      const ours = metrics(await at('zkt').member(sid).word('mntr'));
      // Apache 3.8 registers ack_latency and never adds to it.
      const own = [...ours.keys()].filter((name) => !theirs.has(name) && !/_\d+_ack_latency$/.test(name));
      expect(own).toEqual(['zk_fsync_threshold_exceed_count']);
      expect([...theirs.keys()].filter((name) => OF_MEMBERS.test(name) && !ours.has(name))).toEqual([]);
      const pick = (of: ReadonlyMap<string, string>) =>
        DECIDED.map((name) => `${name} ${of.get(`zk_${name}`)}`);
      expect(pick(ours)).toEqual(pick(theirs));
    });
  });

  it('while it looks for a leader', async () => {
    for (const kind of KINDS) await at(kind).kill(2, 3);
    const words = ['srvr', 'mntr', 'conf', 'dump', 'isro', 'ruok', 'gtmk'];
    const said = async (kind: Kind): Promise<string[]> => {
      const member = at(kind).member(1);
      await expect.poll(() => member.mode(), { timeout: 20_000 }).toBeUndefined();
      return Promise.all(words.map((word) => member.word(word)));
    };
    expect(await said('zkt')).toEqual(await said('Apache'));
  });
});
