/**
 * The client in plain JavaScript, `node-zookeeper-client` of npm (in `foreign/`): what it is asked to do.
 * Everything it is told goes to a transcript.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { Relay } from '../client/relay.ts';
import { Transcript, until } from './transcript.ts';

type Done<T> = (error: Error | null, ...results: T[]) => void;
type Told = (event: { readonly type: number; readonly name: string; readonly path: string }) => void;

/** Stats hold their 64-bit fields as bytes. */
type Stat = Readonly<Record<string, number | Buffer>>;

interface Transaction {
  create(path: string, data: Buffer, mode?: number): this;
  setData(path: string, data: Buffer, version?: number): this;
  check(path: string, version?: number): this;
  remove(path: string, version?: number): this;
  commit(done: Done<unknown>): void;
}

/** What is used of the client. */
interface JsClient {
  connect(): void;
  close(): void;
  once(event: string, listener: () => void): void;
  on(event: string, listener: () => void): void;
  getState(): { readonly name: string };
  getSessionId(): Buffer;
  getSessionTimeout(): number;
  addAuthInfo(scheme: string, auth: Buffer): void;
  create(path: string, data: Buffer | null, mode: number, done: Done<string>): void;
  remove(path: string, version: number, done: Done<void>): void;
  removeRecursive(path: string, done: Done<void>): void;
  exists(path: string, told: Told | undefined, done: Done<Stat | null>): void;
  getData(path: string, told: Told | undefined, done: Done<Buffer | Stat>): void;
  getChildren(path: string, told: Told | undefined, done: Done<string[] | Stat>): void;
  setData(path: string, data: Buffer, version: number, done: Done<Stat>): void;
  getACL(path: string, done: Done<unknown>): void;
  setACL(path: string, acl: readonly unknown[], version: number, done: Done<Stat>): void;
  mkdirp(path: string, data: Buffer, done: Done<string>): void;
  transaction(): Transaction;
}

interface JsLibrary {
  createClient(address: string, options: object): JsClient;
  readonly ACL: { readonly CREATOR_ALL_ACL: readonly unknown[]; new (perms: number, id: unknown): unknown };
  readonly Id: new (scheme: string, id: string) => unknown;
  readonly CreateMode: Readonly<Record<string, number>>;
}

const require = createRequire(path.join(import.meta.dirname, 'foreign/package.json'));
const library = (): JsLibrary => require('node-zookeeper-client') as JsLibrary;

/** A call with a callback as a promise of what it is called back with. */
const call = <T>(begin: (done: Done<T>) => void): Promise<T | T[]> =>
  new Promise((resolve, reject) => {
    begin((error, ...results) => {
      if (error) reject(error);
      else resolve(results.length === 1 ? (results[0] as T) : results);
    });
  });

const open = (address: string, sessionTimeout = 4000): Promise<JsClient> => {
  const client = library().createClient(address, { sessionTimeout, spinDelay: 100 });
  return new Promise((resolve) => {
    client.once('connected', () => resolve(client));
    client.connect();
  });
};

/** Runs everything on a fresh server; its tick must not be longer than 500 ms. */
export async function runJsClient(address: string): Promise<string[]> {
  const t = new Transcript();
  const client = await open(address);
  t.alias(client.getSessionId().toString('hex'), 'SESSION');
  t.say('timeout', client.getSessionTimeout());
  t.say('state', client.getState().name);
  await nodes(t, client);
  await access(t, client, address);
  await transactions(t, client);
  await watches(t, client);
  await sessions(t, client, address);
  client.close();
  await chroot(t, address);
  return t.lines;
}

const data = (text: string): Buffer => Buffer.from(text);

async function nodes(t: Transcript, client: JsClient): Promise<void> {
  for (const [name, mode] of Object.entries(library().CreateMode)) {
    await t.step(
      `create ${name}`,
      call((done) => client.create(`/${name}`, data(name), mode, done)),
    );
  }
  const persistent = 0;
  await t.step(
    'create null',
    call((done) => client.create('/null', null, persistent, done)),
  );
  await t.step(
    'create again',
    call((done) => client.create('/null', null, persistent, done)),
  );
  await t.step(
    'create below nothing',
    call((done) => client.create('/absent/x', null, persistent, done)),
  );
  await t.step(
    'create below an ephemeral',
    call((done) => client.create('/EPHEMERAL/x', null, 0, done)),
  );
  await t.step(
    'create größe',
    call((done) => client.create('/größe-漢', data('žluť'), persistent, done)),
  );
  for (const name of ['PERSISTENT', 'EPHEMERAL', 'null', 'größe-漢', 'absent']) {
    await t.step(
      `get ${name}`,
      call((done) => client.getData(`/${name}`, undefined, done)),
    );
    await t.step(
      `exists ${name}`,
      call((done) => client.exists(`/${name}`, undefined, done)),
    );
  }
  await t.step(
    'children',
    call((done) => client.getChildren('/', undefined, done)),
  );
  await t.step(
    'set',
    call((done) => client.setData('/null', data('some'), 0, done)),
  );
  await t.step(
    'set, wrong version',
    call((done) => client.setData('/null', data('x'), 0, done)),
  );
  await t.step(
    'mkdirp',
    call((done) => client.mkdirp('/a/b/c', data('made'), done)),
  );
  await t.step(
    'remove, not empty',
    call((done) => client.remove('/a', -1, done)),
  );
  await t.step(
    'remove, wrong version',
    call((done) => client.remove('/a/b/c', 4, done)),
  );
  await t.step(
    'remove',
    call((done) => client.remove('/a/b/c', 0, done)),
  );
  await t.step(
    'remove all',
    call((done) => client.removeRecursive('/a', done)),
  );
  await t.step(
    'removed',
    call((done) => client.exists('/a', undefined, done)),
  );
}

async function access(t: Transcript, client: JsClient, address: string): Promise<void> {
  const { ACL, Id } = library();
  const digest = [new ACL(31, new Id('digest', 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ='))];
  await t.step(
    'acl',
    call((done) => client.getACL('/null', done)),
  );
  client.addAuthInfo('digest', data('u:p'));
  await t.step(
    'create secret',
    call((done) => client.create('/secret', data('secret'), 0, done)),
  );
  await t.step(
    'creator only',
    call((done) => client.setACL('/secret', ACL.CREATOR_ALL_ACL, 0, done)),
  );
  await t.step(
    'acl of secret',
    call((done) => client.getACL('/secret', done)),
  );
  await t.step(
    'acl, wrong version',
    call((done) => client.setACL('/secret', digest, 0, done)),
  );
  await t.step(
    'the same by digest',
    call((done) => client.setACL('/secret', digest, 1, done)),
  );
  const unheard = [new ACL(31, new Id('unheard', 'of'))];
  await t.step(
    'bad acl',
    call((done) => client.setACL('/secret', unheard, -1, done)),
  );
  const stranger = await open(address);
  await t.step(
    'stranger gets',
    call((done) => stranger.getData('/secret', undefined, done)),
  );
  stranger.addAuthInfo('digest', data('u:p'));
  await t.step(
    'and authenticated',
    call((done) => stranger.getData('/secret', undefined, done)),
  );
  const failed = new Promise<string>((resolve) =>
    stranger.once('authenticationFailed', () => resolve('authenticationFailed')),
  );
  stranger.addAuthInfo('unheard', data('of'));
  await t.step('unheard scheme', failed);
  stranger.close();
}

async function transactions(t: Transcript, client: JsClient): Promise<void> {
  await t.step(
    'transaction',
    call((done) =>
      client
        .transaction()
        .create('/t', data('t'))
        .create('/t/s-', data('s'), 2)
        .create('/t/e', data('e'), 1)
        .setData('/t', data('changed'), -1)
        .check('/t')
        .create('/t/gone', data('g'))
        .remove('/t/gone')
        .commit(done),
    ),
  );
  await t.step(
    'after it',
    call((done) => client.getChildren('/t', undefined, done)),
  );
  for (const [name, undone] of [
    ['first', () => client.transaction().check('/absent').create('/undone', data('x'))],
    ['last', () => client.transaction().create('/undone', data('x')).remove('/t')],
    ['middle', () => client.transaction().create('/undone', data('x')).create('/t', data('x')).remove('/t')],
  ] as const) {
    await t.step(
      `transaction, ${name} fails`,
      call((done) => undone().commit(done)),
    );
  }
  await t.step(
    'undone',
    call((done) => client.exists('/undone', undefined, done)),
  );
}

async function watches(t: Transcript, client: JsClient): Promise<void> {
  let told = 0;
  const tell =
    (name: string): Told =>
    (event) => {
      told++;
      t.say(`event for ${name}`, [event.type, event.name, event.path]);
    };
  const next = (count: number): Promise<void> => until(() => told >= count, `event ${count}`);
  await call((done) => client.exists('/watched', tell('exists, absent'), done));
  await call((done) => client.create('/watched', null, 0, done));
  await next(1);
  await call((done) => client.getData('/watched', tell('get'), done));
  await call((done) => client.getChildren('/watched', tell('children'), done));
  await call((done) => client.setData('/watched', data('y'), -1, done));
  await next(2);
  await call((done) => client.create('/watched/child', null, 0, done));
  await next(3);
  await call((done) => client.getData('/watched/child', tell('get of child'), done));
  await call((done) => client.remove('/watched/child', -1, done));
  await next(4);
  await call((done) => client.setData('/watched', data('nobody watches'), -1, done));
  t.say('events', told);
}

async function sessions(t: Transcript, other: JsClient, address: string): Promise<void> {
  const relay = await Relay.to(Number(address.split(':')[1]));
  try {
    const client = await open(relay.address, 1500);
    t.alias(client.getSessionId().toString('hex'), 'ITS SESSION');
    t.say('its timeout', client.getSessionTimeout());
    await call((done) => client.create('/mine', data('ephemeral'), 1, done));
    let tell: () => void = () => {};
    const changed = new Promise<void>((resolve) => {
      tell = resolve;
    });
    await call((done) => client.getData('/watched', tell, done));
    const back = new Promise<void>((resolve) => client.once('connected', resolve));
    relay.drop();
    await back;
    t.say('session after the cut', client.getSessionId().toString('hex'));
    await t.step(
      'ephemeral after the cut',
      call((done) => other.getData('/mine', undefined, done)),
    );
    await call((done) => other.setData('/watched', data('after the cut'), -1, done));
    await t.step('event after the cut', changed);

    const expired = new Promise<string>((resolve) => client.once('expired', () => resolve('expired')));
    const absent = async () => (await call((done) => other.exists('/mine', undefined, done))) === null;
    relay.refuse = true;
    relay.drop();
    await until(absent, 'the end of the ephemeral');
    relay.refuse = false;
    await t.step('session in the end', expired);
    client.close();
  } finally {
    await relay.close();
  }
}

async function chroot(t: Transcript, address: string): Promise<void> {
  const inside = await open(`${address}/watched`);
  await t.step(
    'create inside',
    call((done) => inside.create('/inner', data('in'), 0, done)),
  );
  await t.step(
    'children of the root',
    call((done) => inside.getChildren('/', undefined, done)),
  );
  inside.close();
}
