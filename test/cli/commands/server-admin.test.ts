/** The HTTP admin of running servers, against what Apache's admin servers answered. */

import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { ZktError } from '../../../src/base/errors.ts';
import type { Client } from '../../../src/client/api.ts';
import { connect } from '../../../src/client/index.ts';
import { apacheText, commandsIn, parseJackson, shapeOf } from '../../server/admin/admin-fixtures.ts';
import { ask, cleanUp, freePort, run, serve, tempDir } from './server-runs.ts';

const clients: Client[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

/** An answer. */
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const get = (url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asked = request(url, { headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });

/** The URL that `admn` tells, once there is one. */
async function adminOf(port: number): Promise<string> {
  for (;;) {
    const url = (await ask(port, 'admn')).trim();
    if (url !== '') return url;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function open(port: number, sessionTimeoutMs: number): Promise<Client> {
  const client = connect({ servers: `127.0.0.1:${port}`, sessionTimeoutMs });
  clients.push(client);
  await client.connected();
  return client;
}

/** What the two clients of the fixtures did (fixtures/make/java/FourLetterClients.java). */
async function work(port: number): Promise<void> {
  const [a, b] = [await open(port, 10_000), await open(port, 20_000)];
  await a.create('/app', 'data');
  await a.create('/app/a', 'data', { mode: 'ephemeral' });
  await a.create('/app/a2', null, { mode: 'ephemeral' });
  await b.create('/app/b', 'data', { mode: 'ephemeral' });
  for (let i = 0; i < 130; i++) await b.set('/app', 'data', i);
  await a.get('/app', true);
  await a.exists('/absent', true);
  await a.getChildren('/app', true);
  await b.get('/app', true);
  await a.addWatch('/deep', 'persistentRecursive');
  await a.create('/zookeeper/quota/app', null);
  await a.create('/zookeeper/quota/app/zookeeper_limits', 'count=5,bytes=100');
  await a.create('/zookeeper/quota/app/zookeeper_stats', 'count=0,bytes=0');
}

/** Keys that are about Java. */
const JAVA = /^java\.(?!io)|^os\.memory/;

/** Every command of a folder has the keys and types of Apache's answer, and no others. */
async function compare(url: string, folder: string, skip: readonly string[] = []): Promise<void> {
  for (const command of commandsIn(folder)) {
    if (skip.includes(command) || command.includes('-')) continue;
    const theirs = shapeOf(parseJackson(apacheText(folder, command) ?? ''));
    const query = command === 'set_trace_mask' ? '?traceMask=306' : '';
    const answer = await get(`${url}/commands/${command}${query}`);
    expect([answer.status, answer.type], command).toEqual([200, 'application/json']);
    const ours = shapeOf(parseJackson(answer.body));
    if (command === 'monitor') {
      // Which metrics there are is the matter of metric-names.test.ts; those there are have Apache's types.
      const known = theirs as Record<string, unknown>;
      for (const [name, type] of Object.entries(ours as object)) {
        if (name in known) expect(`${name} ${type}`).toBe(`${name} ${known[name]}`);
      }
    } else if (command === 'environment') {
      const keys = (shape: unknown): string[] => Object.keys(shape as object).filter((it) => !JAVA.test(it));
      expect(keys(ours).filter((it) => it !== 'node.version')).toEqual(keys(theirs));
    } else expect(ours, command).toEqual(theirs);
  }
}

const OPEN = ['-D', 'tickTime=500', '-D', 'admin.serverPort=0'];

describe('a server alone', () => {
  test('answers every command with the keys and types of Apache', async () => {
    const { port } = await serve(...OPEN);
    const url = await adminOf(port);
    await compare(url, 'admin/idle', ['srvr']);
    await work(port);
    await compare(url, 'admin/busy', ['initial_configuration']);
    const json = async (command: string) => JSON.parse((await get(`${url}/commands/${command}`)).body);
    expect(await json('wchs')).toMatchObject({ num_connections: 2, num_paths: 3, num_total_watches: 4 });
    expect(await json('set_trace_mask?traceMask=511')).toMatchObject({ tracemask: 511, error: null });
    expect(await json('stmk?traceMask=x')).toMatchObject({ error: expect.stringContaining('traceMask') });
    expect(await json('gtmk')).toMatchObject({ tracemask: 511 });
    await clients[0]?.get('/app');
    expect((await json('stat')).server_stats.packets_received).toBeGreaterThan(0);
    await json('srst');
    expect((await json('stat')).server_stats.packets_received).toBe(0);
    await json('crst');
    const { connections } = await json('cons');
    expect(connections.map((it: { packets_received: number }) => it.packets_received)).toEqual([0, 0]);
    expect(await json('sysp')).toMatchObject({ 'zookeeper.admin.serverPort': '0', error: null });
    // Neither is a command.
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(await json(name)).toEqual({ command: name, error: `Unknown command: ${name}` });
    }
  });

  test('health, metrics and the stream of events', async () => {
    const { port } = await serve(...OPEN);
    const url = await adminOf(port);
    await work(port);
    expect(await get(`${url}/health`)).toMatchObject({ status: 200, type: 'application/json' });
    const metrics = await get(`${url}/metrics`);
    expect(metrics.type).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(metrics.body).toMatch(/^znode_count 12$/m);
    expect(metrics.body).toMatch(/^propagation_latency_count 139$/m);
    expect(metrics.body).toMatch(/^zkt_events_total\{name="session.created"\} 2$/m);
    const line = await new Promise<string>((resolve, reject) => {
      const asked = request(`${url}/events?last=1`, { agent: false }, (response) => {
        response.once('data', (chunk: Buffer) => {
          resolve(chunk.toString().split('\n')[0] ?? '');
          response.destroy();
        });
      });
      asked.on('error', reject);
      asked.end();
    });
    expect(JSON.parse(line)).toMatchObject({ name: 'feed.began', sid: 0 });
  });

  test('tells where it is, whatever the list of words says, and where it is not', async () => {
    const one = await serve(...OPEN, '-D', '4lw.commands.whitelist=srvr');
    expect(await adminOf(one.port)).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const off = await serve('-D', 'admin.enableServer=false');
    expect(await ask(off.port, 'admn')).toBe('\n');
  });

  test('listens on another port where nobody chose the one that is taken', async () => {
    const taken = await serve('-D', 'admin.serverPort=0');
    const { port: chosen } = new URL(await adminOf(taken.port));
    const other = await serve('-D', `admin.serverPort=${chosen}`);
    // It was chosen: there is none, and the server serves.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await ask(other.port, 'admn')).toBe('\n');
    expect(await ask(other.port, 'srvr')).toContain('Mode: standalone');
  });

  test('needs a token where others can reach it', async () => {
    const dir = tempDir();
    const file = path.join(dir, 'token');
    const refused = run('--data', dir, '--port', '0', '-D', 'admin.serverAddress=0.0.0.0');
    await expect(refused.done).rejects.toMatchObject({ code: 'ZKT_CONFIG_LINE' });
    await refused.done.catch((thrown) =>
      expect((thrown as ZktError).message).toContain('zkt.adminTokenFile'),
    );
    writeFileSync(file, 'sesame-sesame-sesame\n');
    const { port } = await serve(
      ...OPEN,
      '-D',
      'admin.serverAddress=0.0.0.0',
      '-D',
      `zkt.adminTokenFile=${file}`,
    );
    const url = await adminOf(port);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await get(`${url}/health`)).status).toBe(401);
    const mine = { authorization: 'Bearer sesame-sesame-sesame', host: 'some.name' };
    const answer = await get(`${url}/commands/sysp`, mine);
    expect(answer.status).toBe(200);
    expect(answer.body).not.toContain('sesame');
  });

  test('shows the file it was started with, and no secret of it', async () => {
    const [dir, port] = [tempDir(), await freePort()];
    const file = path.join(dir, 'zoo.cfg');
    const lines = [
      `dataDir=${path.join(dir, 'data')}`,
      `clientPort=${port}`,
      'admin.serverPort=0',
      'zkt.adminToken=sesame-sesame-sesame',
      'DigestAuthenticationProvider.superDigest : super:xyzxyz',
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const server = run('--config', file);
    cleanUp.push(async () => {
      server.stop();
      await server.done;
    });
    while ((await ask(port, 'srvr')) === '') await new Promise((resolve) => setTimeout(resolve, 5));
    const url = await adminOf(port);
    const headers = { authorization: 'Bearer sesame-sesame-sesame' };
    for (const command of ['icfg', 'sysp']) {
      const { body } = await get(`${url}/commands/${command}`, headers);
      expect(body).not.toMatch(/sesame|xyzxyz/);
      expect(body).toContain('***');
    }
    const { initial_configuration: shown } = JSON.parse((await get(`${url}/commands/icfg`, headers)).body);
    expect(shown.split('\n').slice(0, 3)).toEqual(lines.slice(0, 3));
  });
});

describe('an ensemble', () => {
  test('answers by role with the keys and types of Apache, and while there is no leader', async () => {
    const ports = await Promise.all(Array.from({ length: 9 }, freePort));
    const [dir, ids] = [tempDir(), [1, 2, 3]];
    const start = (id: number): { stop: () => Promise<void>; port: number } => {
      const file = path.join(dir, `zoo-${id}.cfg`);
      const lines = ids.map((it) => {
        const [client, quorum, election] = ports.slice((it - 1) * 3);
        return `server.${it}=127.0.0.1:${quorum}:${election}:participant;127.0.0.1:${client}`;
      });
      const config = ['tickTime=500', 'initLimit=20', 'syncLimit=10', 'admin.serverPort=0', ...lines];
      writeFileSync(file, `dataDir=${path.join(dir, String(id))}\n${config.join('\n')}\n`);
      const server = run('--config', file, '--id', String(id));
      const stop = async (): Promise<void> => {
        server.stop();
        await server.done;
      };
      cleanUp.push(stop);
      return { stop, port: ports[(id - 1) * 3] ?? 0 };
    };
    const first = start(1);
    const lonely = await adminOf(first.port);
    expect(await get(`${lonely}/health`)).toMatchObject({
      status: 503,
      body: expect.stringContaining('looking'),
    });
    await compare(lonely, 'admin-ensemble/looking');
    expect((await get(`${lonely}/metrics`)).body).toMatch(/^zkt_info\{.*mode="looking",server_id="1"\} 1$/m);
    const second = start(2);
    const leader = await adminOf(second.port);
    while ((await get(`${leader}/health`)).status !== 200 || (await get(`${lonely}/health`)).status !== 200) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await work(first.port);
    await compare(leader, 'admin-ensemble/leader', [
      'connections',
      'observers',
      'stats',
      'dump',
      'initial_configuration',
    ]);
    await compare(lonely, 'admin-ensemble/follower', ['initial_configuration']);
    const scraped = (await get(`${leader}/metrics`)).body;
    expect(scraped).toMatch(/^quorum_ack_latency_count 1[34]\d$/m);
    expect(scraped).toMatch(/^ack_latency_count\{key="1"\} 1[34]\d$/m);
    expect(scraped).toMatch(/^synced_followers 1$/m);
    const follower = (await get(`${lonely}/metrics`)).body;
    for (const name of ['proposal_latency', 'commit_propagation_latency', 'proposal_ack_creation_latency']) {
      expect(follower).toMatch(new RegExp(`^${name}_count 1[34]\\d$`, 'm'));
    }
    expect(follower).toMatch(/^follower_sync_time_count 1$/m);
    expect(follower).toMatch(/^unavailable_time_count 1$/m);
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
});
