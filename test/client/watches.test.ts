import { describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../src/client/api.ts';
import { EVENT, WATCHER_TYPE } from '../../src/protocol/watch-types.ts';
import { connected, text } from './connected.ts';

describe('watches', () => {
  it('one-shot: once, to whom it was given, and again only when set again', async () => {
    const { client, server, world, done } = await connected();
    server.change('create', '/a', null);
    const seen: string[] = [];
    await done(client.get('/a', (e) => seen.push(text(e))));
    server.change('set', '/a', null);
    server.change('set', '/a', null);
    await world.settle();
    expect(seen).toEqual(['SyncConnected NodeDataChanged /a']);
  });

  it('one sink hears an event once, however often it is registered', async () => {
    const { client, server, world, events, done } = await connected();
    server.change('create', '/a', null);
    const seen: string[] = [];
    const listener = (e: WatchEvent) => void seen.push(text(e));
    await done(
      Promise.all([
        client.get('/a', listener),
        client.getChildren('/a', listener),
        client.exists('/a', true),
        client.addWatch('/', 'persistentRecursive', true),
        client.addWatch('/a', 'persistent', true),
      ]),
    );
    server.change('delete', '/a', null);
    await world.settle();
    expect(seen).toEqual(['SyncConnected NodeDeleted /a']);
    expect(events).toEqual(['SyncConnected NodeDeleted /a']);
  });

  it('a failed read sets none, but exists does', async () => {
    const { client, server, world, done, events } = await connected();
    await done(client.get('/a', true)).catch(() => {});
    await done(client.getChildren('/b', true)).catch(() => {});
    await done(client.exists('/c', true));
    for (const path of ['/a', '/b', '/c']) server.change('create', path, null);
    await world.settle();
    expect(events).toEqual(['SyncConnected NodeCreated /c']);
  });

  it('reach the caller in the order of the server, between the replies', async () => {
    const { client, server, world } = await connected();
    server.change('create', '/a', Buffer.from('1'));
    const order: string[] = [];
    const read = () =>
      client.get('/a', () => order.push('event')).then(({ data }) => void order.push(String(data)));
    const first = read();
    const write = client.set('/a', '2').then(() => void order.push('written'));
    const second = read();
    await world.settle();
    await Promise.all([first, write, second]);
    expect(order).toEqual(['1', 'event', 'written', '2']);
  });

  it('recursive ones hear everything below but no children events; persistent ones only their node', async () => {
    const { client, server, world, done } = await connected();
    server.change('create', '/a', null);
    const deep = await done(client.addWatch('/a', 'persistentRecursive'));
    const flat = await done(client.addWatch('/a', 'persistent'));
    const heard = { deep: [] as string[], flat: [] as string[] };
    deep.on((e) => heard.deep.push(text(e)));
    flat.on((e) => heard.flat.push(text(e)));
    await done(client.getChildren('/a', true));
    for (const [what, path] of [
      ['create', '/a/b'],
      ['set', '/a/b'],
      ['set', '/a'],
      ['create', '/ab'],
    ] as const) {
      server.change(what, path, null);
    }
    await world.settle();
    expect(heard).toEqual({
      deep: [
        'SyncConnected NodeCreated /a/b',
        'SyncConnected NodeDataChanged /a/b',
        'SyncConnected NodeDataChanged /a',
      ],
      flat: ['SyncConnected NodeChildrenChanged /a', 'SyncConnected NodeDataChanged /a'],
    });
  });

  it('a listener that throws disturbs no other', async () => {
    const { client, server, world, done, events } = await connected();
    server.change('create', '/a', null);
    const thrown: unknown[] = [];
    const note = (error: unknown) => void thrown.push(error);
    const mine = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', note);
    try {
      await done(
        client.get('/a', () => {
          throw new Error('mine');
        }),
      );
      await done(client.get('/a', true));
      server.change('set', '/a', null);
      await world.settle();
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off('uncaughtException', note);
      for (const listener of mine) process.on('uncaughtException', listener);
    }
    expect(events).toEqual(['SyncConnected NodeDataChanged /a']);
    expect(thrown).toMatchObject([{ message: 'mine' }]);
  });

  it('are set again on a new connection, and tell what happened meanwhile', async () => {
    const { client, server, world, done, events } = await connected();
    for (const path of ['/data', '/child', '/gone', '/same']) server.change('create', path, null);
    await done(
      Promise.all([
        client.get('/data', true),
        client.getChildren('/child', true),
        client.exists('/born', true),
        client.get('/gone', true),
        client.get('/same', true),
      ]),
    );
    server.dropAll();
    await world.settle();
    expect(client.state).toBe('connecting');
    server.change('set', '/data', null);
    server.change('create', '/child/x', null);
    server.change('create', '/born', null);
    server.change('delete', '/gone', null);
    await world.pass(5000);
    expect(events).toEqual([
      'Disconnected None null',
      'SyncConnected None null',
      'SyncConnected NodeDataChanged /data',
      'SyncConnected NodeDeleted /gone',
      'SyncConnected NodeCreated /born',
      'SyncConnected NodeChildrenChanged /child',
    ]);
    server.change('set', '/same', null);
    await world.settle();
    expect(events.at(-1)).toBe('SyncConnected NodeDataChanged /same');
  });

  it('persistent ones are told of the gap, before anything that comes after it', async () => {
    const { client, server, world, done, events } = await connected();
    const watch = await done(client.addWatch('/', 'persistentRecursive'));
    const heard: string[] = [];
    watch.on((e) => heard.push(text(e)));
    await done(client.exists('/one-shot', () => {}));
    server.change('create', '/a', null);
    server.dropAll();
    await world.settle();
    server.change('set', '/a', null);
    await world.pass(5000);
    server.change('set', '/a', null);
    await world.settle();
    expect(heard).toEqual([
      'SyncConnected NodeCreated /a',
      'SyncConnected None null gap disconnected',
      'SyncConnected NodeDataChanged /a',
    ]);
    expect(events).toEqual(['Disconnected None null', 'SyncConnected None null']);
  });

  it('are removed, and told so; another one on the node stays', async () => {
    const { client, server, world, done } = await connected();
    server.change('create', '/a', null);
    const heard: string[] = [];
    const one = (e: WatchEvent) => void heard.push(`one ${text(e)}`);
    const two = (e: WatchEvent) => void heard.push(`two ${text(e)}`);
    await done(Promise.all([client.get('/a', one), client.get('/a', two), client.getChildren('/a', one)]));
    await done(client.removeWatches('/a', WATCHER_TYPE.data, { target: one }));
    expect(heard).toEqual(['one SyncConnected DataWatchRemoved /a']);
    expect(await done(client.checkWatches('/a', WATCHER_TYPE.data))).toBe(true);
    await expect(done(client.removeWatches('/a', WATCHER_TYPE.data, { target: one }))).rejects.toMatchObject({
      code: -121,
    });
    await done(client.removeWatches('/a', WATCHER_TYPE.any));
    expect(heard.slice(1)).toEqual([
      'two SyncConnected DataWatchRemoved /a',
      'one SyncConnected ChildWatchRemoved /a',
    ]);
    expect(await done(client.checkWatches('/a', WATCHER_TYPE.any))).toBe(false);
    await expect(done(client.removeWatches('/a', WATCHER_TYPE.any))).rejects.toMatchObject({ code: -121 });
    server.change('set', '/a', null);
    await world.settle();
    expect(heard.length).toBe(3);
  });

  it('are forgotten locally when asked to, without a server', async () => {
    const { client, server, world, done } = await connected();
    const heard: string[] = [];
    await done(client.exists('/a', (e) => heard.push(text(e))));
    const removed = client.removeWatches('/a', WATCHER_TYPE.any, { local: true });
    server.dropAll();
    await world.settle();
    await removed;
    expect(heard).toEqual(['Disconnected DataWatchRemoved /a']);
  });
});

describe('a watch as an iterator', () => {
  it('gives the events in order, and ends with the session', async () => {
    const { client, server, world, done } = await connected();
    const watch = await done(client.addWatch('/', 'persistentRecursive'));
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of watch) seen.push(text(event));
    })();
    server.change('create', '/a', null);
    server.change('set', '/a', null);
    await world.settle();
    await done(client.close());
    await reading;
    expect(seen).toEqual([
      'SyncConnected NodeCreated /a',
      'SyncConnected NodeDataChanged /a',
      'Closed None null',
    ]);
    expect(watch.closed).toBe(true);
    expect(await watch.next()).toEqual({ done: true, value: undefined });
  });

  it('keeps what came before somebody asked', async () => {
    const { client, server, world, done } = await connected();
    const watch = client.watch();
    await done(client.exists('/a', watch));
    server.change('create', '/a', null);
    await world.settle();
    expect(text((await watch.next()).value as WatchEvent)).toBe('SyncConnected NodeCreated /a');
  });

  it('overflows with a gap, not with memory', async () => {
    const { client, server, world, done } = await connected();
    const watch = await done(client.addWatch('/', 'persistentRecursive'));
    server.change('create', '/a', null);
    for (let i = 0; i < 10_050; i++) server.change('set', '/a', Buffer.from(String(i)));
    await world.settle();
    expect(watch.dropped).toBe(51);
    expect((await watch.next()).value).toMatchObject({ gap: 'overflow', type: EVENT.none });
    expect((await watch.next()).value).toMatchObject({ type: EVENT.nodeDataChanged });
  });

  it('ends when closed; a one-shot stream that waits is told of the end too', async () => {
    const { client, done } = await connected();
    const closed = client.watch();
    const next = closed.next();
    closed.close();
    closed.close();
    expect(await next).toEqual({ done: true, value: undefined });
    const idle = client.watch();
    const waiting = idle.next();
    await done(client.close());
    expect((await waiting).value).toMatchObject({ type: EVENT.none, state: 7 });
    const late = client.watch();
    expect((await late.next()).value).toMatchObject({ state: 7 });
    expect((await late.next()).done).toBe(true);
  });
});
