/**
 * The C client, by its binding for Node (`zookeeper` of npm, in `foreign/`): what it is asked to do.
 * Everything it is told goes to a transcript.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Relay } from '../client/relay.ts';
import { Transcript, until } from './transcript.ts';

const FOREIGN = path.join(import.meta.dirname, 'foreign');

/** Whether it was built; see `global-setup.ts`. */
export const hasCClient = (): boolean =>
  existsSync(path.join(FOREIGN, 'node_modules/zookeeper/build/Release/zookeeper.node'));

interface Acl {
  readonly perms: number;
  readonly scheme: string;
  readonly auth: string;
}

type Told = (type: number, state: number, path: string) => void;

/** What is used of the binding's `Promise` class. */
interface CClient {
  readonly client_id: string;
  readonly client_password: string;
  readonly timeout: number;
  readonly state: number;
  connect(config: object, done: (error: Error | null) => void): void;
  on(event: string, listener: () => void): void;
  close(): void;
  create(path: string, data: string | Buffer, flags: number, ttl?: number): Promise<string>;
  exists(path: string, watch: boolean): Promise<unknown>;
  w_exists(path: string, told: Told): Promise<unknown>;
  get(path: string, watch: boolean): Promise<[unknown, Buffer]>;
  w_get(path: string, told: Told): Promise<[unknown, Buffer]>;
  get_children(path: string, watch: boolean): Promise<string[]>;
  w_get_children(path: string, told: Told): Promise<string[]>;
  get_children2(path: string, watch: boolean): Promise<[string[], unknown]>;
  set(path: string, data: string | Buffer, version: number): Promise<unknown>;
  delete_(path: string, version: number): Promise<void>;
  get_acl(path: string): Promise<Acl[]>;
  set_acl(path: string, version: number, acl: readonly Acl[]): Promise<void>;
  sync(path: string): Promise<void>;
  getconfig(watch: boolean): Promise<Buffer>;
  add_auth(scheme: string, auth: string, done: (rc: number) => void): void;
}

/** Create flags, ACLs and states of the C client. */
const FLAGS = {
  persistent: 0,
  ephemeral: 1,
  sequence: 2,
  ephemeralSequence: 3,
  container: 4,
  ttl: 5,
  ttlSequence: 6,
};
const CONNECTED = 3;

/** Becomes true when the binding lets go of the session, as it does when it has expired. */
function letGo(client: CClient): () => boolean {
  let gone = false;
  client.on('close', () => {
    gone = true;
  });
  return () => gone;
}

/** Opens a session. */
function open(address: string, config: object = {}): Promise<CClient> {
  const require = createRequire(path.join(FOREIGN, 'package.json'));
  const { Promise: Client } = require('zookeeper') as { Promise: new () => CClient };
  const client = new Client();
  const all = { connect: address, timeout: 4000, debug_level: 1, data_as_buffer: true, ...config };
  return new Promise((resolve, reject) => {
    client.connect(all, (error) => (error ? reject(error) : resolve(client)));
  });
}

/** Runs everything on a fresh server; its tick must not be longer than 500 ms. */
export async function runCClient(address: string): Promise<string[]> {
  const t = new Transcript();
  const client = await open(address);
  try {
    t.say('timeout', client.timeout);
    t.say('state', client.state);
    await nodes(t, client);
    await access(t, client, address);
    await watches(t, client);
    await sessions(t, client, address);
  } finally {
    client.close();
  }
  return t.lines;
}

async function nodes(t: Transcript, client: CClient): Promise<void> {
  for (const [name, flag] of Object.entries(FLAGS)) {
    const ttl = name.startsWith('ttl') ? 86_400_000 : undefined;
    await t.step(`create ${name}`, client.create(`/${name}`, `data of ${name}`, flag, ttl));
  }
  await t.step('create again', client.create('/persistent', 'x', 0));
  await t.step('create below nothing', client.create('/absent/child', 'x', 0));
  await t.step('create below an ephemeral', client.create('/ephemeral/child', 'x', 0));
  await t.step('create binary', client.create('/persistent/binary', Buffer.from([0, 1, 255]), 0));
  await t.step('create größe', client.create('/persistent/größe-漢', 'žluť', 0));
  for (const name of ['persistent', 'persistent/binary', 'persistent/größe-漢', 'container', 'absent']) {
    await t.step(`get ${name}`, client.get(`/${name}`, false));
    await t.step(`exists ${name}`, client.exists(`/${name}`, false));
  }
  await t.step('children', client.get_children('/', false));
  await t.step('children2', client.get_children2('/persistent', false));
  await t.step('set', client.set('/persistent', 'changed', 0));
  await t.step('set, wrong version', client.set('/persistent', 'x', 0));
  await t.step('set, any version', client.set('/persistent', 'changed again', -1));
  await t.step('delete, not empty', client.delete_('/persistent', -1));
  await t.step('delete, wrong version', client.delete_('/persistent/binary', 3));
  await t.step('delete', client.delete_('/persistent/binary', 0));
  await t.step('delete nothing', client.delete_('/absent', -1));
  await t.step('sync', client.sync('/'));
  await t.step('config', client.getconfig(false));
}

async function access(t: Transcript, client: CClient, address: string): Promise<void> {
  const add = (to: CClient, auth: string) =>
    new Promise<number>((resolve) => to.add_auth('digest', auth, resolve));
  await t.step('acl', client.get_acl('/persistent'));
  await t.step('auth', add(client, 'u:p'));
  await t.step('create secret', client.create('/secret', 'secret', 0));
  await t.step('creator only', client.set_acl('/secret', 0, [{ perms: 31, scheme: 'auth', auth: '' }]));
  await t.step('acl of secret', client.get_acl('/secret'));
  await t.step('acl, wrong version', client.set_acl('/secret', 0, [{ perms: 31, scheme: 'auth', auth: '' }]));
  await t.step('bad acl', client.set_acl('/secret', -1, [{ perms: 31, scheme: 'unheard', auth: 'of' }]));
  const stranger = await open(address);
  await t.step('stranger gets', stranger.get('/secret', false));
  await t.step('stranger sets', stranger.set('/secret', 'x', -1));
  await t.step('stranger authenticates', add(stranger, 'u:p'));
  await t.step('and gets', stranger.get('/secret', false));
  stranger.close();
}

async function watches(t: Transcript, client: CClient): Promise<void> {
  let told = 0;
  const tell =
    (name: string): Told =>
    (type, state, at) => {
      told++;
      t.say(`event for ${name}`, [type, state, at]);
    };
  const next = async (count: number): Promise<void> => {
    await until(() => told >= count, `event ${count}`);
  };
  await t.step('watch absent', client.w_exists('/watched', tell('exists, absent')));
  await client.create('/watched', 'x', 0);
  await next(1);
  await client.w_get('/watched', tell('get'));
  await client.w_get_children('/watched', tell('children'));
  await client.set('/watched', 'y', -1);
  await next(2);
  await client.create('/watched/child', 'x', 0);
  await next(3);
  await client.w_get('/watched/child', tell('get of child'));
  await client.delete_('/watched/child', -1);
  await next(4);
  await client.set('/watched', 'nobody watches', -1);
  await client.sync('/');
  t.say('events', told);
}

async function sessions(t: Transcript, other: CClient, address: string): Promise<void> {
  const relay = await Relay.to(Number(address.split(':')[1]));
  try {
    const client = await open(relay.address, { timeout: 3000 });
    const gone = letGo(client);
    t.alias(client.client_id, 'SESSION');
    await client.create('/mine', 'ephemeral', FLAGS.ephemeral);
    let events = 0;
    await client.w_get('/watched', (type, state, at) => {
      // Changes of state are told to every watch, as often as the connection is lost.
      if (type > 0) t.say('event after the cut', [type, state, at]);
      if (type > 0) events++;
    });
    relay.refuse = true;
    relay.drop();
    await until(() => client.state !== CONNECTED, 'the loss');
    relay.refuse = false;
    await until(() => client.state === CONNECTED, 'the return');
    t.say('session after the cut', client.client_id);
    await t.step('ephemeral after the cut', other.get('/mine', false));
    await other.set('/watched', 'after the cut', -1);
    await until(() => events === 1, 'the event after the cut');

    // Without a way back for the first connection, which would claim the session again.
    const { client_id, client_password } = client;
    relay.refuse = true;
    relay.drop();
    const heir = await open(address, { timeout: 3000, client_id, client_password });
    t.say('session of the heir', heir.client_id);
    await t.step('the heir deletes', heir.delete_('/mine', -1));
    await t.step('the heir creates', heir.create('/mine', 'again', FLAGS.ephemeral));
    heir.close();
    relay.refuse = false;
    await until(gone, 'the first connection to be told');
    await t.step('after the end', other.exists('/mine', false));
    await expiry(t, other, relay);
    client.close();
  } finally {
    await relay.close();
  }
}

async function expiry(t: Transcript, other: CClient, relay: Relay): Promise<void> {
  const mortal = await open(relay.address, { timeout: 1500 });
  const gone = letGo(mortal);
  await mortal.create('/mortal', 'ephemeral', FLAGS.ephemeral);
  t.say('timeout of the mortal', mortal.timeout);
  relay.refuse = true;
  relay.drop();
  await until(
    () =>
      other.exists('/mortal', false).then(
        () => false,
        () => true,
      ),
    'the end of the ephemeral',
  );
  relay.refuse = false;
  await until(gone, 'expiry');
  await t.step('the mortal gets', mortal.get('/', false));
  mortal.close();
}
