/** Work for the clients of an ensemble: what must hold between any two of its servers. */
import { expect } from 'vitest';
import { type Client, eventName, type WatchEvent } from '../../src/client/index.ts';
import { ERR } from '../../src/protocol/error-codes.ts';
import { failure } from '../client/clients.ts';
import { type Ensemble, eventually } from './ensemble.ts';
import { writeVariety } from './variety.ts';

/** Credentials of those who write. */
const AUTH = [{ scheme: 'digest', auth: 'u:p' }];

/**
 * Every kind of write through one server, sync, watches, ephemerals and a session's move between two, below
 * `root`, a node of the first generation that does not exist yet.
 */
export async function exercise(ensemble: Ensemble, root: string, one: number, two: number): Promise<void> {
  const a = await ensemble.client([one], { auth: AUTH });
  const b = await ensemble.client([two], { auth: AUTH });
  const passing = (): Promise<Client> =>
    ensemble.client([one], { auth: [{ scheme: 'digest', auth: 'w:r' }] });
  await writeVariety(root, { a, b, passing });
  await a.sync('/');
  await seenElsewhere(root, { a, b, ensemble, one, two });
  await watched(root, a, b);
  await ended(root, a, b, ensemble, two);
  await moved(root, ensemble, one, two);
  await a.close();
  await b.close();
}

/** Clients `a` and `b` of the servers `one` and `two`. */
interface Pair {
  readonly a: Client;
  readonly b: Client;
  readonly ensemble: Ensemble;
  readonly one: number;
  readonly two: number;
}

/**
 * What one server acknowledged, another shows after a sync; and what it wrote itself at once. An Apache
 * leader takes the sync of a client of its own for any other read: it may not have applied yet what a
 * follower has shown.
 */
async function seenElsewhere(root: string, { a, b, ensemble, one, two }: Pair): Promise<void> {
  const leader = await ensemble.leader();
  for (let i = 0; i < 10; i++) {
    const [writer, reader, at] = i % 2 === 0 ? [a, b, two] : [b, a, one];
    const path = `${root}/seen-${i}`;
    await writer.create(path, `${i}`);
    expect((await writer.get(path)).data?.toString()).toBe(`${i}`);
    await reader.sync('/');
    const lags = at === leader && ensemble.member(at).kind === 'Apache';
    if (lags)
      await eventually(`${path} at server ${at}`, async () => (await reader.exists(path)) ?? undefined);
    expect((await reader.get(path)).data?.toString()).toBe(`${i}`);
  }
  // Sequential names are given once, whoever asks.
  const asked = Array.from({ length: 20 }, (_, i) =>
    (i % 2 === 0 ? a : b).create(`${root}/n-`, null, { mode: 'persistentSequential' }),
  );
  const names = (await Promise.all(asked)).map((it) => it.path);
  expect(new Set(names).size).toBe(20);
}

/** Watches set at one server are told of what happens through the other, before it is to be read there. */
async function watched(root: string, a: Client, b: Client): Promise<void> {
  const told: string[] = [];
  const note = (e: WatchEvent): void => void told.push(`${eventName(e.type)} ${e.path}`);
  const at = `${root}/watched`;
  await b.sync('/');
  await b.exists(at, note);
  await a.create(at, 'x');
  await eventually('the creation', () => told.length === 1);
  await b.get(at, note);
  await b.getChildren(at, note);
  await a.create(`${at}/child`);
  await eventually('the child', () => told.length === 2);
  await a.set(at, 'y');
  await eventually('the change', () => told.length === 3);
  const watch = await b.addWatch(at, 'persistentRecursive');
  watch.on(note);
  await a.multi([
    { type: 'set', path: `${at}/child`, data: 'z' },
    { type: 'delete', path: `${at}/child` },
  ]);
  await eventually('the end of the child', () => told.length === 5);
  expect(told).toEqual([
    `NodeCreated ${at}`,
    `NodeChildrenChanged ${at}`,
    `NodeDataChanged ${at}`,
    `NodeDataChanged ${at}/child`,
    `NodeDeleted ${at}/child`,
  ]);
  watch.close();
}

/** Ephemerals go everywhere when their session ends: closed, or silent for too long. */
async function ended(root: string, a: Client, b: Client, ensemble: Ensemble, two: number): Promise<void> {
  const closing = await ensemble.client([two]);
  await closing.create(`${root}/closing`, null, { mode: 'ephemeral' });
  await a.sync('/');
  expect((await a.exists(`${root}/closing`))?.ephemeralOwner).toBe(closing.sessionId);
  await closing.close();
  for (const client of [a, b]) {
    await client.sync('/');
    expect(await client.exists(`${root}/closing`)).toBeUndefined();
  }
}

/** A session goes on at another server; the one it left serves it no more; a wrong password ends it. */
async function moved(root: string, ensemble: Ensemble, one: number, two: number): Promise<void> {
  const here = await ensemble.client([one]);
  await here.create(`${root}/mine`, null, { mode: 'ephemeral' });
  const session = { id: here.sessionId, passwd: here.sessionPasswd };
  const there = await ensemble.client([two], { session });
  expect(there.sessionId).toBe(session.id);
  await there.set(`${root}/mine`, 'from there');
  expect(await there.getEphemerals()).toEqual([`${root}/mine`]);
  await there.close();
  const eye = await ensemble.client([one]);
  await eye.sync('/');
  expect(await eye.exists(`${root}/mine`)).toBeUndefined();
  const wrong = { id: eye.sessionId, passwd: Buffer.alloc(16, 7) };
  const refused = await failure(ensemble.client([two], { session: wrong }));
  expect(refused).toMatchObject({ code: ERR.SESSIONEXPIRED });
  await eye.close();
  await here.close();
}
