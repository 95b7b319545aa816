import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { encodeNotification, type ServerState } from '../../../src/protocol/election.ts';
import { parseMembershipText } from '../../../src/server/quorum/membership-text.ts';
import {
  at,
  conf,
  type FakeServer,
  FakeWorld,
  forbidden,
  NOT_SERVING,
  srvr,
  WALL_START_MS,
  ZKT,
} from './fake-world.ts';

type Words = Record<string, string | undefined>;
const answers = (words: Words): FakeServer => ({ words: (word) => words[word] });
/** A member at port 20 + id: Apache, of servers 1 to 3 unless said otherwise. */
const member = (id: number, mode: string, more: Words = {}, ids: readonly number[] = [1, 2, 3]): FakeServer =>
  answers({ srvr: srvr(mode), conf: conf(id, ids, 20), mntr: 'zk_uptime\t5000\n', ...more });
const fixture = (name: string): string =>
  readFileSync(new URL(`../../../fixtures/${name}`, import.meta.url), 'utf8');
const NO_VOTES = /^(source\.(connected|lost|refused)|peer)/;

/** Servers 1 to 3; 3 leads. */
function ensemble(): FakeWorld {
  const world = new FakeWorld();
  world.servers.set('127.0.0.1:21', member(1, 'follower'));
  world.servers.set('127.0.0.1:22', member(2, 'follower'));
  world.servers.set('127.0.0.1:23', member(3, 'leader'));
  return world;
}

test('from one server to all of them, one socket at a time', async () => {
  const world = ensemble();
  const stop = world.observe({ servers: at(21) });
  await world.pass(2_500);
  expect(world.told(NO_VOTES).sort()).toEqual([
    '1 peer.state FOLLOWING 3',
    '1 source.connected apache',
    '2 peer.state FOLLOWING 3',
    '2 source.connected apache',
    '3 peer.state LEADING 3',
    '3 source.connected apache',
  ]);
  for (const port of [21, 22, 23]) expect(world.openMost.get(`127.0.0.1:${port}`)).toBe(1);
  stop();
  await world.pass(1_000);
  expect([world.open, world.waiting]).toEqual([0, 0]);
});

const silences: [what: string, server: FakeServer | undefined, why: string][] = [
  ['nobody', undefined, 'connection refused: nobody listens there'],
  ['one that hangs', 'hang', 'no answer within 200 ms: it hangs, or packets are lost'],
  ['one that closes', 'close', 'it closed the connection without a word'],
  [
    'another program',
    answers({ srvr: 'HTTP/1.1 400 Bad Request\r\n\r\n' }),
    'it answers nonsense: it said: HTTP/1.1 400 Bad Request',
  ],
  [
    'half an answer',
    answers({ srvr: 'Zookeeper version: 3' }),
    'it answers nonsense: it said: Zookeeper version: 3',
  ],
  [
    'binary',
    answers({ srvr: '\u0000\u001b[2J'.repeat(500) }),
    `it answers nonsense: it said: ${'\u0000\u001b[2J'.repeat(500).slice(0, 200)}`,
  ],
];
test.each(silences)('%s: told once, tried for ever, and the others go on', async (_what, server, why) => {
  const world = ensemble();
  if (server === undefined) world.servers.delete('127.0.0.1:22');
  else world.servers.set('127.0.0.1:22', server);
  const stop = world.observe({ servers: at(21) });
  await world.pass(60_000);
  expect(world.told(NO_VOTES).filter((line) => line.startsWith('2'))).toEqual([`2 source.lost ${why}`]);
  expect(world.asked.filter((word) => word === '127.0.0.1:23 srvr').length).toBeGreaterThan(58);
  world.servers.set('127.0.0.1:22', member(2, 'follower'));
  await world.pass(10_000);
  expect(world.told(NO_VOTES)).toEqual(['2 source.connected apache', '2 peer.state FOLLOWING 3']);
  world.servers.set('127.0.0.1:22', 'hang');
  await world.pass(1_500);
  world.servers.set('127.0.0.1:22', member(2, 'follower'));
  await world.pass(5_000);
  // What it does is told again: it may have changed meanwhile.
  expect(world.told(NO_VOTES)).toEqual([
    '2 source.lost no answer within 200 ms: it hangs, or packets are lost',
    '2 source.connected apache',
    '2 peer.state FOLLOWING 3',
  ]);
  world.servers.delete('127.0.0.1:22');
  await world.pass(1_500);
  expect(world.told(NO_VOTES)).toEqual(['2 source.lost connection refused: nobody listens there']);
  stop();
});

test('one that hangs for a while holds up nobody', async () => {
  const world = ensemble();
  const stop = world.observe({ servers: at(21, 22, 23), timeoutMs: 3_000 });
  await world.pass(2_000);
  world.servers.set('127.0.0.1:22', 'hang');
  world.asked.length = 0;
  await world.pass(10_000);
  const count = (port: number): number => world.asked.filter((it) => it === `127.0.0.1:${port} srvr`).length;
  expect(count(21)).toBeGreaterThanOrEqual(10);
  expect(count(23)).toBeGreaterThanOrEqual(10);
  expect(count(22)).toBe(0);
  stop();
});

test('two addresses of one server: watched once; the one that answers is kept', async () => {
  const world = ensemble();
  world.servers.set('localhost:21', member(1, 'follower'));
  world.servers.set('elsewhere:99', member(2, 'follower'));
  // The configuration tells an address that leads nowhere from here.
  world.servers.delete('127.0.0.1:22');
  const servers = [{ host: 'localhost', port: 21 }, ...at(21), { host: 'elsewhere', port: 99 }];
  const stop = world.observe({ servers });
  await world.pass(5_000);
  world.asked.length = 0;
  world.told();
  await world.pass(10_000);
  const asked = new Set(world.asked.map((it) => it.split(' ')[0]));
  expect([...asked].sort()).toEqual(['127.0.0.1:23', 'elsewhere:99', 'localhost:21']);
  expect(world.told(NO_VOTES)).toEqual([]);
  stop();
});

test('a configuration without client ports: on other hosts the same port is tried', async () => {
  const world = new FakeWorld();
  const lines = ['a', 'b', 'c'].map((host, i) => `server.${i + 1}=${host}:2888:3888:participant`);
  const text = (id: number): string => `serverId=${id}\nmembership: \n${lines.join('\n')}\nversion=0`;
  for (const [i, host] of ['a', 'b', 'c'].entries()) {
    world.servers.set(`${host}:2181`, member(i + 1, i === 2 ? 'leader' : 'follower', { conf: text(i + 1) }));
  }
  const stop = world.observe({ servers: [{ host: 'b', port: 2181 }] });
  await world.pass(5_000);
  expect(world.told(/connected|limited .*port|lost/).sort()).toEqual(
    [1, 2, 3].map((id) => `${id} source.connected apache`),
  );
  stop();

  // Where all are on one host nothing can be guessed.
  const local = new FakeWorld();
  const same = text(2).replace(/=[abc]:/g, '=127.0.0.1:');
  local.servers.set('127.0.0.1:22', member(2, 'follower', { conf: same }));
  const stopLocal = local.observe({ servers: at(22) });
  await local.pass(9_000);
  const what = 'the configuration does not tell its client port; name it with -s to see it';
  expect(
    local
      .told(/source/)
      .filter((line) => !line.startsWith('2'))
      .sort(),
  ).toEqual([`1 source.limited ${what}`, `3 source.limited ${what}`]);
  stopLocal();
});

test('a reconfiguration: servers come and go', async () => {
  const world = ensemble();
  const stop = world.observe({ servers: at(21) });
  await world.pass(2_000);
  world.told();
  const newer = (id: number): string => conf(id, [1, 3, 4], 20, '200000001');
  for (const [id, mode] of [
    [1, 'follower'],
    [3, 'leader'],
    [4, 'follower'],
  ] as const) {
    world.servers.set(`127.0.0.1:${20 + id}`, member(id, mode, { conf: newer(id) }));
  }
  await world.pass(40_000);
  expect(world.told(NO_VOTES)).toEqual([
    '2 source.lost it is no longer in the configuration of the ensemble',
    '4 source.connected apache',
    '4 peer.state FOLLOWING 3',
  ]);
  world.asked.length = 0;
  await world.pass(10_000);
  expect(world.asked.filter((it) => it.startsWith('127.0.0.1:22'))).toEqual([]);
  stop();
});

test('a leader is lost, another is elected: looked at closely', async () => {
  const world = ensemble();
  const stop = world.observe({ servers: at(21) });
  await world.pass(5_100);
  world.told();
  world.servers.set('127.0.0.1:23', 'refuse');
  for (const id of [1, 2]) world.servers.set(`127.0.0.1:${20 + id}`, answers({ srvr: NOT_SERVING }));
  await world.pass(3_000);
  expect(world.told(/peer|lost|zab/).sort()).toEqual([
    '1 peer.state LOOKING -1',
    '2 peer.state LOOKING -1',
    '3 source.lost connection refused: nobody listens there',
  ]);
  world.asked.length = 0;
  await world.pass(1_000);
  expect(world.asked.filter((it) => it === '127.0.0.1:21 srvr').length).toBeGreaterThanOrEqual(3);
  world.servers.set(
    '127.0.0.1:21',
    member(1, 'follower', { srvr: srvr('follower', '3.8.0', '0x200000000') }),
  );
  world.servers.set('127.0.0.1:22', member(2, 'leader', { srvr: srvr('leader', '3.8.0', '0x200000000') }));
  await world.pass(3_000);
  expect(world.told(/peer|lost|zab/).sort()).toEqual([
    '1 peer.state FOLLOWING 2',
    '1 zab.epoch-accepted 2 2',
    '2 peer.state LEADING 2',
    '2 zab.epoch-entered 2',
  ]);
  stop();
});

test('words that may not be asked: what is missing, and how to allow it', async () => {
  const world = new FakeWorld();
  const text = conf(1, [1, 2, 3], 20).split('membership: ')[1] ?? '';
  world.configuration = () => Promise.resolve(parseMembershipText(text));
  const words = (mode: string): FakeServer => ({ words: (w) => (w === 'srvr' ? srvr(mode) : forbidden(w)) });
  for (const id of [1, 2, 3])
    world.servers.set(`127.0.0.1:${20 + id}`, words(id === 3 ? 'leader' : 'follower'));
  const stop = world.observe({ servers: at(22) });
  await world.pass(10_000);
  const told = world.told(/connected|limited/).filter((line) => !/votes|Apache/.test(line));
  const all = 'conf, cons, dump, mntr, wchs';
  const why = `${all} may not be asked: 4lw.commands.whitelist=srvr, ${all}, wchp (or *) in its configuration allows it`;
  expect(told.sort()).toEqual(
    [1, 2, 3].flatMap((id) => [`${id} source.connected apache`, `${id} source.limited ${why}`]).sort(),
  );
  // They are not asked again each time.
  expect(world.asked.filter((it) => it === '127.0.0.1:21 mntr').length).toBe(1);
  stop();
});

test('not even srvr: it lives, and that is all', async () => {
  const world = new FakeWorld();
  world.servers.set('127.0.0.1:21', { words: (w) => (w === 'admn' ? undefined : forbidden(w)) });
  const stop = world.observe({ servers: at(21) });
  await world.pass(5_000);
  expect(world.told(/source.(c|r|lo)/)).toEqual([
    '127.0.0.1:21 source.connected apache',
    '127.0.0.1:21 source.refused srvr, conf, cons, dump, mntr, wchs may not be asked: ' +
      '4lw.commands.whitelist=srvr, conf, cons, dump, mntr, wchs, wchp (or *) in its configuration allows it',
  ]);
  stop();
});

test('a server that stands alone has no id', async () => {
  const world = new FakeWorld();
  const busy = (word: string): string => fixture(`4lw/busy/${word}`);
  world.servers.set('127.0.0.1:21', { words: (word) => busy(word) });
  const stop = world.observe({ servers: at(21) });
  await world.pass(1_500);
  const { events } = world;
  expect(new Set(events.map(({ node }) => node))).toEqual(new Set(['127.0.0.1:21']));
  const sample = events.find(({ name }) => name === 'server.sampled')?.fields;
  expect(sample).toMatchObject({
    ...{ kind: 'apache', version: '3.8.0', mode: 'standalone', sid: -1n, zxid: 0xa0n, epoch: 0, nodes: 12 },
    ...{ connections: 3, watches: 8, ephemerals: 3, sessions: 2, openFiles: 42, uptimeMs: 4505 },
    ...{ latencyP50Ms: 1, latencyP99Ms: 7, latencyMaxMs: 9, requestsPerS: -1, heapBytes: -1 },
  });
  expect(
    events
      .filter(({ name }) => name === 'watch.sampled')
      .map(({ fields }) => Object.values(fields).slice(0, 3)),
  ).toEqual([
    ['path', '/app', 2],
    ['path', '/absent', 1],
    ['path', '/deep', 1],
    ['client', '127.0.0.1:34028', 3],
    ['client', '127.0.0.1:34034', 1],
  ]);
  expect(events.filter(({ name }) => name === 'peer.state')).toEqual([]);
  stop();
});

test('rates: what counters grew by, and nothing where they fell', async () => {
  const world = new FakeWorld();
  const mntr = (uptime: number, writes: number, bytes: number): string =>
    `zk_uptime\t${uptime}\nzk_cnt_updatelatency\t${writes}\nzk_cnt_readlatency\t0\nzk_bytes_received_count\t${bytes}\n` +
    `zk_cnt_app_write_per_namespace\t${writes}\nzk_sum_app_write_per_namespace\t${writes * 10}\n`;
  const words = { srvr: srvr('standalone'), mntr: '' };
  world.servers.set('127.0.0.1:21', { words: (word) => words[word as 'srvr'] });
  const stop = world.observe({ servers: at(21) });
  const rates: unknown[][] = [];
  for (const reading of [
    mntr(1000, 5, 100),
    mntr(2000, 25, 600),
    mntr(500, 3, 50),
    mntr(1500, 4, 10),
    'zk_uptime\t-\n',
  ]) {
    words.mntr = reading;
    await world.pass(rates.length === 0 ? 500 : 1_000);
    const samples = world.events.splice(0).filter(({ name }) => name === 'server.sampled');
    const { writesPerS, bytesInPerS } = (samples.at(-1)?.fields ?? {}) as Record<string, number>;
    rates.push([writesPerS, bytesInPerS].map((rate) => Math.round(rate ?? Number.NaN)));
  }
  expect(rates).toEqual([
    [-1, -1],
    [20, 500],
    [-1, -1],
    // The same life; but that counter fell.
    [1, -1],
    [-1, -1],
  ]);
  stop();
});

test('writes in a tree are counted on all servers: each tells of its share', async () => {
  const world = new FakeWorld();
  // Of 300 writes in all it was asked for 100 itself.
  const mntr = (uptime: number, own: number, all: number, reads: number): string =>
    `zk_uptime\t${uptime}\nzk_cnt_updatelatency\t${own}\nzk_cnt_readlatency\t${reads}\n` +
    `zk_cnt_app_write_per_namespace\t${all}\nzk_sum_app_write_per_namespace\t${all * 10}\n` +
    `zk_cnt_app_read_per_namespace\t${reads}\nzk_sum_app_read_per_namespace\t${reads}\n`;
  const words = { srvr: srvr('follower'), mntr: mntr(1000, 0, 0, 0) };
  world.servers.set('127.0.0.1:21', { words: (word) => words[word as 'srvr'] });
  const stop = world.observe({ servers: at(21) });
  await world.pass(500);
  words.mntr = mntr(2000, 100, 300, 50);
  await world.pass(1_500);
  const hot = world.events.flatMap((event) => (event.name === 'hot.sampled' ? [event.fields] : []));
  expect(hot.find(({ kind }) => kind === 'path')).toMatchObject({ count: 150, writes: 100, bytes: 1050 });
  stop();
});

test('hostile numbers and texts are bounded, and nothing throws', async () => {
  const world = new FakeWorld();
  const huge = '9'.repeat(400);
  const words: Words = {
    srvr: `Zookeeper version: ${'v'.repeat(5000)}\nMode: ${'m'.repeat(5000)}\nZxid: 0x${huge}\nConnections: ${huge}\nNode count: -\n`,
    mntr: `zk_uptime\t${huge}\nzk_watch_count\tNaN\nzk_ephemerals_count\t-5\nzk_cnt_${'x'.repeat(5000)}_read_per_namespace\t1\n`,
    cons: ` /${'a'.repeat(500)}[1](x)\n /1.2.3.4:5[1](sid=0x${huge},recved=${huge},to=x)\n /1.2.3.4:6[1](sid=0x0)\n`,
    dump: `SessionTracker dump:\nSession Sets (1)/(1):\n1 expire at some time:\n\t0x1\n\t0xzz\n\nx\n0x2\t99ms\nephemeral nodes dump:\n\t/a\n0x1:\n\t/b\n`,
    wchs: `1 connections watching 1 paths\nTotal watches:${huge}\n`,
    conf: `serverId=${huge}\nmembership: \nserver.1=x\nversion=zz`,
  };
  world.servers.set('127.0.0.1:21', answers(words));
  const stop = world.observe({ servers: at(21) });
  await world.pass(5_000);
  const sample = world.events.find(({ name }) => name === 'server.sampled')?.fields;
  expect(sample).toMatchObject({
    zxid: -1n,
    epoch: -1,
    connections: -1,
    nodes: -1,
    watches: -1,
    uptimeMs: -1,
  });
  expect(
    world.events.every((event) => JSON.stringify(Object.values(event.fields).map(String)).length < 2_000),
  ).toBe(true);
  expect(world.events.find(({ name }) => name === 'session.sampled')?.fields).toMatchObject({
    session: 1n,
    leftMs: -1,
    ephemerals: 1,
  });
  stop();
});

// ---- sessions ----

test('sessions of a leader and of a learner', async () => {
  const world = new FakeWorld();
  const leader = (w: string): string => fixture(`4lw-ensemble/leader/${w}`);
  const follower = (w: string): string => fixture(`4lw-ensemble/follower/${w}`);
  world.servers.set('127.0.0.1:21841', { words: (w) => (w === 'wchp' ? undefined : follower(w)) });
  world.servers.set('127.0.0.1:21842', { words: (w) => (w === 'wchp' ? undefined : leader(w)) });
  const stop = world.observe({ servers: at(21841, 21842) });
  await world.pass(900);
  const { events } = world;
  const of = (node: string, name: string): unknown[] =>
    events.filter((e) => e.node === node && e.name === name).map(({ fields }) => fields);
  // The date of the fixture is far from now: times count from the first bucket on.
  expect(of('2', 'session.bucket-sampled')).toMatchObject([
    { inMs: 0, sessions: 1, tickMs: 2000 },
    { inMs: 10_000, sessions: 1, tickMs: 2000 },
  ]);
  expect(of('2', 'session.sampled')).toMatchObject([
    { session: 0x10000bca6490000n, server: -1n, leftMs: 0, ephemerals: 2, timeoutMs: -1 },
    { session: 0x10000bca6490001n, server: -1n, leftMs: 10_000, ephemerals: 1 },
  ]);
  expect(of('1', 'session.sampled')).toMatchObject([
    {
      session: 0x10000bca6490000n,
      server: 1n,
      remote: '127.0.0.1:54660',
      leftMs: -1,
      timeoutMs: 30_000,
      ephemerals: 2,
    },
    {
      session: 0x10000bca6490001n,
      server: 1n,
      remote: '127.0.0.1:54674',
      leftMs: -1,
      timeoutMs: 40_000,
      ephemerals: 1,
    },
  ]);
  expect(of('1', 'session.bucket-sampled')).toEqual([]);
  stop();
});

test('expiry times by the clock, where it is ours', async () => {
  const world = new FakeWorld();
  const when = new Date(WALL_START_MS + 12_000);
  const text = `Session Sets (2)/(3):\n2 expire at ${when.toUTCString().replace(',', '')}:\n\t0x1\n\t0x2\n0 expire at ${when.toUTCString()}:\n`;
  world.servers.set('127.0.0.1:21', answers({ srvr: srvr('standalone'), dump: text }));
  const stop = world.observe({ servers: at(21), filter: { names: 'session.*' } });
  await world.pass(500);
  const [bucket] = world.events.filter(({ name }) => name === 'session.bucket-sampled');
  expect(bucket?.fields).toEqual({ bucketMs: WALL_START_MS + 12_000, inMs: 12_000, sessions: 2, tickMs: -1 });
  stop();
});

// ---- only what is wanted ----

test('what nobody wants is not asked for', async () => {
  const world = ensemble();
  const stop = world.observe({ servers: at(21), filter: { names: 'server.sampled', node: '2' } });
  await world.pass(3_000);
  expect(new Set(world.asked.map((it) => it.split(' ')[1]))).toEqual(new Set(['srvr', 'conf', 'mntr']));
  expect(
    new Set(world.events.filter(({ name }) => name === 'server.sampled').map(({ node }) => node)),
  ).toEqual(new Set(['2']));
  stop();
});

// ---- kinds that change ----

test('a server of Apache becomes one of zkt, and the other way round', async () => {
  const world = ensemble();
  const stop = world.observe({ servers: at(21) });
  await world.pass(2_000);
  world.told();
  world.http = (request) => {
    if (!request.url.includes('/events')) return;
    request.begin(200);
    request.send(
      `${JSON.stringify({ v: 1, time: '2027-01-15T08:00:00.000Z', node: '2', seq: 0, name: 'feed.began', version: ZKT, sid: 2, replayed: 0, forgotten: 0 })}\n`,
    );
  };
  world.servers.set(
    '127.0.0.1:22',
    member(2, 'follower', { srvr: srvr('follower', ZKT), admn: 'http://127.0.0.1:8082\n' }),
  );
  await world.pass(3_000);
  expect(world.told(/source.(c|lost)/)).toEqual(['2 source.connected zkt']);
  world.servers.set('127.0.0.1:22', member(2, 'follower'));
  world.requests
    .find(({ url, cancelled }) => url.includes('/events') && !cancelled)
    ?.end(new Error('the connection was cut'));
  await world.pass(3_000);
  expect(world.told(/source.(c|lost)/)).toEqual([
    '2 source.lost the connection was cut',
    '2 source.connected apache',
  ]);
  stop();
});

// ---- votes ----

/** A fake election port: answers each question, and remembers what it was sent. */
function electionPort(
  state: ServerState,
  sent: Buffer[],
  reply?: (n: number) => Buffer,
  config = 'version=0',
): FakeServer {
  const body = encodeNotification({
    ...{
      state,
      leader: 3n,
      zxid: 0x100000002n,
      electionEpoch: 4n,
      peerEpoch: 1n,
      version: 2,
      config,
    },
  });
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  const frame = Buffer.concat([length, body]);
  return {
    raw: (socket, bytes) => {
      sent.push(bytes);
      const answer = reply?.(sent.length) ?? frame;
      socket.send(answer.subarray(0, 3));
      socket.send(answer.subarray(3));
    },
  };
}

test('votes: asked over one connection, as somebody who counts in no election', async () => {
  const world = ensemble();
  const sent: Buffer[] = [];
  world.servers.set('127.0.0.1:1022', electionPort('FOLLOWING', sent));
  const stop = world.observe({ servers: at(22) });
  await world.pass(25_000);
  expect(world.told(/vote-told/).filter((line) => line.startsWith('2'))).toEqual(
    [1, 2, 3].map(() => '2 election.vote-told FOLLOWING 3 4294967298 1 4'),
  );
  expect(world.openMost.get('127.0.0.1:1022')).toBe(1);
  const [first, second] = sent as [Buffer, Buffer];
  // The opening message and the question, in one piece; then questions alone.
  expect(first.readBigInt64BE(0)).toBe(-65536n);
  expect(first.readBigInt64BE(8)).toBeGreaterThan(255n);
  expect(first.toString('latin1', 20, 20 + first.readInt32BE(16))).toBe('0.0.0.0:0');
  const question = first.subarray(20 + first.readInt32BE(16));
  expect(question).toEqual(second);
  // LOOKING, for nobody, in round 0, of version 1: without a configuration, which could be adopted.
  const nobody = '8000000000000000';
  expect(second.toString('hex')).toBe(
    `0000002c00000000${nobody}${nobody}0000000000000000${nobody}0000000100000000`,
  );
  stop();
  await world.pass(1_000);
  expect(world.open).toBe(0);
});

test('what is said first over a new connection may be old: the last word counts', async () => {
  const world = ensemble();
  const sent: Buffer[] = [];
  const port = electionPort('LOOKING', sent);
  const old = electionPort('LEADING', []);
  world.servers.set('127.0.0.1:1022', {
    raw: (socket, bytes) => {
      if (sent.length === 0 && 'raw' in Object(old))
        (old as { raw: (s: typeof socket, b: Buffer) => void }).raw(socket, bytes);
      (port as { raw: (s: typeof socket, b: Buffer) => void }).raw(socket, bytes);
    },
  });
  const stop = world.observe({ servers: at(22) });
  await world.pass(2_000);
  expect(world.told(/vote-told/).filter((line) => line.startsWith('2'))).toEqual([
    '2 election.vote-told LOOKING 3 4294967298 1 4',
  ]);
  stop();
});

test('a vote tells of a reconfiguration, where words may not', async () => {
  const world = new FakeWorld();
  const text = (ids: number[], version: string): string =>
    conf(1, ids, 20, version).split('membership: \n')[1] ?? '';
  world.configuration = () => Promise.resolve(parseMembershipText(text([1], '100000001')));
  const only = (mode: string): FakeServer => ({ words: (w) => (w === 'srvr' ? srvr(mode) : forbidden(w)) });
  world.servers.set('127.0.0.1:21', only('leader'));
  world.servers.set('127.0.0.1:22', only('follower'));
  world.servers.set('127.0.0.1:1021', electionPort('LEADING', [], undefined, text([1, 2], '100000005')));
  const stop = world.observe({ servers: at(21) });
  await world.pass(5_000);
  expect(world.told(/connected/)).toEqual(['1 source.connected apache', '2 source.connected apache']);
  stop();
});

test('one that looks for a leader has no name, until it serves', async () => {
  const world = new FakeWorld();
  world.servers.set('127.0.0.1:21', answers({ srvr: NOT_SERVING, conf: NOT_SERVING }));
  const stop = world.observe({ servers: at(21) });
  await world.pass(5_000);
  expect(world.told(NO_VOTES)).toEqual([
    '127.0.0.1:21 source.connected apache',
    '127.0.0.1:21 peer.state LOOKING -1',
  ]);
  world.servers.set('127.0.0.1:21', member(1, 'leader', {}, [1]));
  await world.pass(3_000);
  expect(world.told(NO_VOTES)).toEqual(['1 source.connected apache', '1 peer.state LEADING 1']);
  stop();
});

const lies: [what: string, reply: Buffer][] = [
  ['a length beyond all', Buffer.from('7fffffff00', 'hex')],
  ['a length below nought', Buffer.from('ffffffff00', 'hex')],
  ['a vote of two bytes', Buffer.from('000000020000', 'hex')],
  ['a state that is none', Buffer.concat([Buffer.from('0000001c', 'hex'), Buffer.alloc(28, 0x7f)])],
  ['half a vote', Buffer.from('0000001c00', 'hex')],
];
test.each(lies)('an election port that lies: %s', async (_what, reply) => {
  const world = ensemble();
  const sent: Buffer[] = [];
  world.servers.set(
    '127.0.0.1:1022',
    electionPort('LOOKING', sent, () => reply),
  );
  const stop = world.observe({ servers: at(22) });
  await world.pass(60_000);
  expect(world.told(/vote-told/).filter((line) => line.startsWith('2'))).toEqual([]);
  expect(sent.length).toBeLessThan(12);
  stop();
  await world.pass(1_000);
  expect(world.open).toBe(0);
});

// ---- the AdminServer ----

test('the AdminServer tells what words may not', async () => {
  const world = new FakeWorld();
  world.servers.set('127.0.0.1:21830', { words: (w) => (w === 'srvr' ? srvr('standalone') : forbidden(w)) });
  world.http = (request) => {
    const name = request.url.replace('http://127.0.0.1:8080/commands/', '');
    request.begin(200);
    request.send(fixture(`admin/busy/${name}.json`));
    request.end();
  };
  const stop = world.observe({ servers: at(21830) });
  await world.pass(900);
  const fields = (name: string): unknown[] =>
    world.events.filter((e) => e.name === name).map((e) => e.fields);
  expect(fields('server.sampled')).toMatchObject([
    { watches: 8, ephemerals: 3, sessions: 2, uptimeMs: 2128 },
  ]);
  expect(fields('session.sampled')).toMatchObject([
    { session: 72057864306556928n, remote: '127.0.0.1:42876', timeoutMs: 30_000 },
    { session: 72057864306556929n, remote: '127.0.0.1:42882', timeoutMs: 40_000 },
  ]);
  stop();

  // That of another server on the same host is not taken for this one's.
  const other = new FakeWorld();
  other.servers.set('127.0.0.1:21831', { words: (w) => (w === 'srvr' ? srvr('standalone') : forbidden(w)) });
  other.http = world.http;
  const stopOther = other.observe({ servers: at(21831) });
  await other.pass(5_000);
  expect(other.events.find((e) => e.name === 'server.sampled')?.fields).toMatchObject({
    watches: -1,
    uptimeMs: -1,
  });
  expect(other.requests.map(({ url }) => url)).toEqual(['http://127.0.0.1:8080/commands/configuration']);
  stopOther();
});
