/**
 * The HTTP admin of zkt beside Apache's admin server, after the same work and in the same ensemble: the same
 * commands, keys and types, and the same values wherever the work decides them.
 */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../src/client/index.ts';
import type { Json } from '../../src/server/admin/jackson.ts';
import { commandsIn, parseJackson, shapeOf } from '../server/admin/admin-fixtures.ts';
import { findApache, freePort } from './apache.ts';
import { Ensemble, endAllEnsembles, eventually } from './ensemble.ts';
import { type Kind, killAll, start } from './servers.ts';

const COMMANDS = commandsIn('admin/busy');
/** What differs by nature: Java's own, or which files a server was started from. */
const OWN = ['environment', 'system_properties', 'initial_configuration', 'monitor'];

const ask = async (port: number, command: string): Promise<Map<string, Json>> => {
  const answer = await fetch(`http://127.0.0.1:${port}/commands/${command}`);
  expect(answer.status, command).toBe(200);
  return parseJackson(await answer.text()) as Map<string, Json>;
};

/** As JSON for comparison: 64-bit numbers as text. */
const plain = (value: Json): unknown =>
  JSON.parse(
    JSON.stringify(value, (_key, it) =>
      typeof it === 'bigint' ? String(it) : it instanceof Map ? Object.fromEntries(it) : it,
    ),
  );

const findAll = (at: Json, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (value instanceof Map ? value.get(key) : undefined), at);

/** Values that the work decides, by command. */
const DECIDED: Readonly<Record<string, readonly (readonly string[])[]>> = {
  server_stats: [
    ['read_only'],
    ['node_count'],
    ['server_stats', 'server_state'],
    ['server_stats', 'last_processed_zxid'],
    ['server_stats', 'num_alive_client_connections'],
    ['client_response'],
  ],
  watch_summary: [['num_connections'], ['num_paths'], ['num_total_watches']],
  hash: [['digests']],
  is_read_only: [['read_only']],
  observers: [['observers'], ['synced_observers']],
  voting_view: [['current_config']],
  last_snapshot: [['zxid']],
  leader: [['error']],
};

describe.skipIf(findApache() === undefined)('the admin of a server alone', () => {
  const ports = new Map<Kind, number>();
  const clients: Client[] = [];
  const dirs: string[] = [];

  async function work(address: string): Promise<void> {
    const client = connect({ servers: address, sessionTimeoutMs: 30_000 });
    clients.push(client);
    await client.connected(20_000);
    await client.create('/app', 'data');
    await client.create('/app/a', 'data', { mode: 'ephemeral' });
    for (let i = 0; i < 130; i++) await client.set('/app', 'data', i);
    await client.get('/app', true);
    await client.getChildren('/app', true);
    await client.addWatch('/deep', 'persistentRecursive');
    await client.sync('/');
  }

  beforeAll(async () => {
    for (const kind of ['Apache', 'zkt'] as const) {
      const [dataDir, admin] = [mkdtempSync(path.join(tmpdir(), 'zkt-admin-')), await freePort()];
      dirs.push(dataDir);
      ports.set(kind, admin);
      const config = [
        'admin.enableServer=true',
        `admin.serverPort=${admin}`,
        'admin.serverAddress=127.0.0.1',
      ];
      await work((await start(kind, { dataDir, config })).address);
    }
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await killAll();
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
  });

  it('lists the same commands', async () => {
    const list = async (kind: Kind) => (await fetch(`http://127.0.0.1:${ports.get(kind)}/commands`)).text();
    expect(await list('zkt')).toBe(await list('Apache'));
  });

  it.each(COMMANDS.filter((command) => !OWN.includes(command)))('%s', async (command) => {
    const [theirs, ours] = [
      await ask(ports.get('Apache') ?? 0, command),
      await ask(ports.get('zkt') ?? 0, command),
    ];
    expect(shapeOf(ours)).toEqual(shapeOf(theirs));
    for (const where of DECIDED[command] ?? []) {
      const pick = (from: Json) => plain((findAll(from, where) ?? null) as Json);
      if (command !== 'hash') expect(pick(ours), where.join('.')).toEqual(pick(theirs));
    }
  });
});

/** Gives each member an admin port; answers them, by id from 1. */
async function withAdmin(ensemble: Ensemble): Promise<number[]> {
  const ports: number[] = [];
  for (const { options } of ensemble.members) {
    const port = await freePort();
    ports.push(port);
    const lines = ['admin.enableServer=true', `admin.serverPort=${port}`, 'admin.serverAddress=127.0.0.1'];
    appendFileSync(path.join(options.dir, 'zoo.cfg'), `${lines.join('\n')}\n`);
  }
  return ports;
}

describe.skipIf(findApache() === undefined)('the admin of members', () => {
  afterAll(endAllEnsembles);

  it('of both kinds tell the same', async () => {
    const ensemble = await Ensemble.plan({
      participants: ['Apache', 'zkt', 'Apache'],
      observers: ['zkt', 'Apache'],
    });
    const ports = await withAdmin(ensemble);
    await ensemble.start();
    const client = await ensemble.client([2]);
    await client.create('/a', 'data', { mode: 'ephemeral' });
    for (let i = 0; i < 20; i++) await client.set('/a', 'x');
    await eventually('all to have applied it', async () => {
      const zxids = await Promise.all(
        ports.map(async (port) => (await ask(port, 'zabstate')).get('last_zxid')),
      );
      return new Set(zxids).size === 1;
    });
    const leader = await ensemble.leader();
    // Of each role that both kinds have.
    const pairs: [apache: number, zkt: number][] = [[5, 4]];
    const followers = ensemble.members.filter(({ sid }) => sid <= 3 && sid !== leader);
    const [theirs, ours] = [
      followers.find((m) => m.kind === 'Apache'),
      followers.find((m) => m.kind === 'zkt'),
    ];
    if (theirs !== undefined && ours !== undefined) pairs.push([theirs.sid, ours.sid]);
    for (const [apache, zkt] of pairs) {
      for (const command of ['leader', 'zabstate', 'voting_view', 'observers', 'is_read_only', 'dump']) {
        const [their, our] = [
          await ask(ports[apache - 1] ?? 0, command),
          await ask(ports[zkt - 1] ?? 0, command),
        ];
        expect(shapeOf(our), command).toEqual(shapeOf(their));
        const same = command === 'voting_view' || command === 'leader' || command === 'observers';
        if (same) expect(plain(our), command).toEqual(plain(their));
      }
      for (const key of ['is_leader', 'last_zxid', 'zab_epoch', 'zab_counter', 'voting', 'zabstate']) {
        const pick = async (sid: number) =>
          plain((await ask(ports[sid - 1] ?? 0, 'zabstate')).get(key) ?? null);
        expect(await pick(zkt), key).toEqual(await pick(apache));
      }
    }
  });

  it('a leader of ours tells of its observers what a leader of theirs does', async () => {
    const shapes: unknown[] = [];
    for (const kind of ['Apache', 'zkt'] as const) {
      const ensemble = await Ensemble.plan({ participants: [kind, kind, kind], observers: ['Apache'] });
      const ports = await withAdmin(ensemble);
      await ensemble.start();
      const port = ports[(await ensemble.leader()) - 1] ?? 0;
      const client = await ensemble.client([1]);
      for (let i = 0; i < 5; i++) await client.create(`/n${i}`);
      const observers = await eventually('an observer', async () => {
        const answer = await ask(port, 'observers');
        return answer.get('synced_observers') === 1n ? answer : undefined;
      });
      shapes.push(shapeOf(observers));
      const [only] = observers.get('observers') as Map<string, Json>[];
      expect(only?.get('sid')).toBe(4n);
      expect(Number(only?.get('packets_sent'))).toBeGreaterThan(5);
      await ask(port, 'observer_connection_stat_reset');
      const [after] = (await ask(port, 'observers')).get('observers') as Map<string, Json>[];
      expect(Number(after?.get('packets_sent'))).toBeLessThan(5);
      await ensemble.end();
    }
    expect(shapes[1]).toEqual(shapes[0]);
  });
});
