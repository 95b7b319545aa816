import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.ts';
import { EVENT, WATCHER_TYPE } from '../../../src/protocol/watch-types.ts';
import { LargestOf } from '../../../src/server/watch/largest-of.ts';
import { WatchLedger } from '../../../src/server/watch/watch-ledger.ts';
import { WATCH } from '../../../src/server/watch/watch-modes.ts';
import { WatchRegistry } from '../../../src/server/watch/watch-registry.ts';

interface Watcher {
  readonly name: string;
}
const START = 5_000_000;
const [a, b]: [Watcher, Watcher] = [{ name: 'a' }, { name: 'b' }];

/** What a ledger says of a registry at a second, in short. */
function say(r: WatchRegistry<Watcher>, second: number) {
  const ledger = new WatchLedger(r, 10);
  ledger.look(1_000);
  const now = START + second * 1000;
  const text = (e: { watches: number; neverFired: number; oldestMs: number; added: number; fired: number }) =>
    `${e.watches} never ${e.neverFired} old ${e.oldestMs / 1000} added ${e.added} fired ${e.fired}`;
  return {
    paths: ledger.topPaths(now).map((e) => `${e.key} ${text(e)}`),
    watchers: ledger.topWatchers(now).map((e) => `${e.key.name} ${text(e)}`),
  };
}
const registry = () => new WatchRegistry<Watcher>(1_000_000, START);
const at = (second: number) => START + second * 1000;

describe('what is said', () => {
  it('ages are those of the oldest, whoever came and went', () => {
    const r = registry();
    r.add('/x', a, WATCH.data, at(1));
    r.add('/x', b, WATCH.data, at(4));
    r.add('/y', b, WATCH.child, at(9));
    expect(say(r, 10)).toEqual({
      paths: ['/x 2 never 2 old 9 added 2 fired 0', '/y 1 never 1 old 1 added 1 fired 0'],
      watchers: ['b 2 never 2 old 6 added 2 fired 0', 'a 1 never 1 old 9 added 1 fired 0'],
    });
    r.removeWatcher(a);
    expect(say(r, 10).paths[0]).toBe('/x 1 never 1 old 6 added 2 fired 0');
    // The place of the first is free: who comes now is not the oldest.
    r.add('/x', a, WATCH.data, at(10));
    expect(say(r, 12).paths[0]).toBe('/x 2 never 2 old 8 added 3 fired 0');
  });
  it('a watch is a watcher at a path, in however many ways, since the first of them', () => {
    const r = registry();
    r.add('/x', a, WATCH.data, at(2));
    r.add('/x', a, WATCH.persistent, at(7));
    r.add('/x', a, WATCH.data, at(8));
    expect(say(r, 10).paths).toEqual(['/x 1 never 1 old 8 added 1 fired 0']);
    expect(r.modes('/x', a)).toBe(WATCH.data | WATCH.persistent);
    r.remove('/x', a, WATCHER_TYPE.data);
    expect(say(r, 10).paths).toEqual(['/x 1 never 1 old 8 added 1 fired 0']);
    r.remove('/x', a, WATCHER_TYPE.any);
    expect(say(r, 10)).toEqual({ paths: [], watchers: [] });
  });
  it('a path where watches fire again and again is not forgotten for it', () => {
    const r = registry();
    for (let i = 0; i < 10_005; i++) {
      r.add('/x', a, WATCH.data, at(1));
      r.trigger('/x', EVENT.nodeDataChanged);
    }
    r.add('/x', a, WATCH.data, at(1));
    expect(say(r, 2).paths).toEqual(['/x 1 never 0 old 1 added 10006 fired 10005']);
  });
  it('a path where watches fired has fired ones, also after all were used up and set again', () => {
    const r = registry();
    r.add('/x', a, WATCH.data, at(1));
    r.trigger('/x', EVENT.nodeDataChanged);
    expect(say(r, 2)).toEqual({ paths: [], watchers: [] });
    r.add('/x', a, WATCH.data, at(3));
    expect(say(r, 5).paths).toEqual(['/x 1 never 0 old 2 added 2 fired 1']);
    // The watcher had no watches for a moment: its counts begin anew.
    expect(say(r, 5).watchers).toEqual(['a 1 never 0 old 2 added 1 fired 0']);
  });
  it('persistent and recursive watches fire and stay', () => {
    const r = registry();
    r.add('/x', a, WATCH.persistent, at(0));
    r.add('/t', a, WATCH.recursive, at(0));
    r.add('/never', a, WATCH.recursive, at(0));
    r.trigger('/x', EVENT.nodeDataChanged);
    r.trigger('/t/deep/er', EVENT.nodeCreated);
    r.trigger('/t/deep/er', EVENT.nodeDeleted);
    expect(say(r, 60)).toEqual({
      paths: [
        '/x 1 never 0 old 60 added 1 fired 1',
        '/t 1 never 0 old 60 added 1 fired 2',
        '/never 1 never 1 old 60 added 1 fired 0',
      ],
      watchers: ['a 3 never 1 old 60 added 3 fired 3'],
    });
  });
  it('an event that concerns nobody at the path is none that fired', () => {
    const r = registry();
    r.add('/x', a, WATCH.child, at(0));
    r.trigger('/x', EVENT.nodeDataChanged);
    expect(say(r, 1).paths).toEqual(['/x 1 never 1 old 1 added 1 fired 0']);
  });
  it('times beyond what a registration can hold stay the longest there is', () => {
    const r = registry();
    r.add('/x', a, WATCH.recursive, at(2 ** 40));
    expect(r.modes('/x', a)).toBe(WATCH.recursive);
    r.add('/y', a, WATCH.data, START - 5);
    expect(say(r, 1).paths.at(-1)).toBe('/y 1 never 1 old 1 added 1 fired 0');
  });
});

describe('bounds', () => {
  it('paths that were left by events are forgotten in time, and look like none meanwhile', () => {
    const r = registry();
    for (let i = 0; i < 25_000; i++) {
      r.add(`/p${i}`, a, WATCH.data, at(0));
      r.trigger(`/p${i}`, EVENT.nodeDeleted);
    }
    expect(r.spots.size).toBe(10_000);
    expect([r.count, r.summary(), [...r.byPath()], [...r.byWatcher()]]).toEqual([
      0,
      { watchers: 0, paths: 0, watches: 0 },
      [],
      [],
    ]);
    r.add(`/${'x'.repeat(5_000)}`, a, WATCH.data, at(0));
    r.trigger(`/${'x'.repeat(5_000)}`, EVENT.nodeDeleted);
    expect(r.spots.size).toBe(10_000);
    r.clear();
    expect(r.spots.size).toBe(0);
  });
  it('a hundred thousand paths are looked at piece by piece, and the largest found', () => {
    const r = registry();
    const crowd = Array.from({ length: 50 }, (_, i): Watcher => ({ name: `w${i}` }));
    for (let i = 0; i < 100_000; i++) r.add(`/p${i}`, a, WATCH.data, at(0));
    for (const each of crowd) r.add('/p99000', each, WATCH.data, at(0));
    const ledger = new WatchLedger(r, 3);
    ledger.look(20_000);
    expect(ledger.topPaths(at(1))[0]?.watches).toBe(1);
    for (let i = 0; i < 5; i++) ledger.look(20_000);
    expect(ledger.topPaths(at(1))[0]).toMatchObject({ key: '/p99000', watches: 51 });
    expect(ledger.topWatchers(at(1))[0]).toMatchObject({ key: a, watches: 100_000, neverFired: 100_000 });
    // What was found is known until the next round is over.
    ledger.look(10);
    expect(ledger.topPaths(at(1))[0]?.watches).toBe(51);
  });
});

describe('the largest of a map that changes', () => {
  it('is what sorting finds once a round is over, however the map is gone through', () => {
    const random = new Prng(5);
    for (let round = 0; round < 50; round++) {
      const map = new Map(Array.from({ length: random.below(60) }, (_, i) => [`k${i}`, random.below(20)]));
      const largest = new LargestOf(map, (value: number) => value, 5);
      for (let i = 0; i < 40; i++) largest.look(1 + random.below(7));
      const sizes = [...map.values()].filter((size) => size > 0).sort((x, y) => y - x);
      expect(largest.top().map(([, size]) => size)).toEqual(sizes.slice(0, 5));
    }
  });
  it('ends its rounds while entries go and come back', () => {
    const map = new Map([['x', 1]]);
    const largest = new LargestOf(map, (value: number) => value, 2);
    for (let i = 0; i < 100; i++) {
      largest.look(1);
      map.delete('x');
      map.set('x', i);
    }
    expect(largest.top()).toEqual([['x', 99]]);
  });
});
