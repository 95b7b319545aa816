import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT, type EventType, WATCHER_TYPE } from '../../../src/protocol/watch-types.ts';
import { WATCH, type WatchMode, watchModeName } from '../../../src/server/watch/watch-modes.ts';
import { WatchRegistry } from '../../../src/server/watch/watch-registry.ts';

interface Watcher {
  readonly name: string;
}
const [a, b, c]: Watcher[] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }] as Watcher[] as [
  Watcher,
  Watcher,
  Watcher,
];
const names = (list: Iterable<Watcher>) => [...list].map((w) => w.name).sort();

type Mode = keyof typeof WATCH;
/** Registers `set` ("watcher mode path"), then fires events ("type path") and expects who hears each. */
function check(set: string[], ...fires: [event: string, heard: string][]) {
  const r = new WatchRegistry<Watcher>();
  for (const line of set) {
    const [who, mode, path] = line.split(' ') as [string, Mode, string];
    expect(r.add(path, { a, b, c }[who as 'a'] as Watcher, WATCH[mode])).toBe(true);
  }
  for (const [event, heard] of fires) {
    const [type, path] = event.split(' ') as [keyof typeof EVENT, string];
    expect(names(r.trigger(path, EVENT[type])).join(' '), event).toBe(heard);
  }
  return r;
}

describe('who hears what', () => {
  it('one-shot data watches: creation, change, deletion, once', () => {
    check(
      ['a data /x', 'b data /x'],
      ['nodeChildrenChanged /x', ''],
      ['nodeDataChanged /x', 'a b'],
      ['nodeDataChanged /x', ''],
    );
    check(['a data /x'], ['nodeCreated /x', 'a'], ['nodeCreated /x', '']);
    check(['a data /x'], ['nodeDeleted /x', 'a'], ['nodeDeleted /x', '']);
    check(['a data /x'], ['nodeDataChanged /x/y', ''], ['nodeDataChanged /', '']);
  });
  it('one-shot child watches: children and deletion, once', () => {
    check(
      ['a child /x'],
      ['nodeDataChanged /x', ''],
      ['nodeCreated /x', ''],
      ['nodeChildrenChanged /x', 'a'],
      ['nodeChildrenChanged /x', ''],
    );
    check(['a child /x'], ['nodeDeleted /x', 'a'], ['nodeDeleted /x', '']);
  });
  it('a delete reaches a watcher of both tables once, and uses up both', () => {
    check(
      ['a data /x', 'a child /x', 'b child /x'],
      ['nodeDeleted /x', 'a b'],
      ['nodeDataChanged /x', ''],
      ['nodeChildrenChanged /x', ''],
    );
  });
  it('a change leaves the child watch alone', () => {
    check(['a data /x', 'a child /x'], ['nodeDataChanged /x', 'a'], ['nodeChildrenChanged /x', 'a']);
  });
  it('persistent watches: all four, again and again, of the path alone', () => {
    const every: [string, string][] = (
      ['nodeCreated', 'nodeDataChanged', 'nodeChildrenChanged', 'nodeDeleted'] as const
    ).map((t) => [`${t} /x`, 'a']);
    check(['a persistent /x'], ...every, ...every, ['nodeDataChanged /x/y', '']);
  });
  it('recursive watches: the path and all below, never children', () => {
    const r = ['a recursive /x'];
    check(
      r,
      ['nodeDataChanged /x', 'a'],
      ['nodeCreated /x/y/z', 'a'],
      ['nodeDeleted /x/y', 'a'],
      ['nodeDataChanged /xy', ''],
    );
    check(r, ['nodeChildrenChanged /x', ''], ['nodeChildrenChanged /x/y', ''], ['nodeDataChanged /', '']);
    check(
      ['a recursive /'],
      ['nodeCreated /x', 'a'],
      ['nodeDataChanged /x/y/z', 'a'],
      ['nodeDataChanged /', 'a'],
    );
  });
  it('several matching registrations make one event', () => {
    check(
      ['a recursive /', 'a recursive /x', 'a persistent /x/y', 'a data /x/y', 'b recursive /x'],
      ['nodeDataChanged /x/y', 'a b'],
      ['nodeDataChanged /x/y', 'a b'],
    );
  });
  it('modes stand side by side: a one-shot watch does not cancel a persistent one', () => {
    check(
      ['a persistent /x', 'a data /x', 'a child /x'],
      ['nodeDataChanged /x', 'a'],
      ['nodeChildrenChanged /x', 'a'],
      ['nodeDataChanged /x', 'a'],
    );
    check(
      ['a recursive /x', 'a child /x'],
      ['nodeChildrenChanged /x', 'a'],
      ['nodeChildrenChanged /x', ''],
      ['nodeDataChanged /x/y', 'a'],
    );
  });
});

describe('removal', () => {
  it('takes what the type means (3.9)', () => {
    const all: [Mode, number][] = [
      ['data', WATCHER_TYPE.data],
      ['child', WATCHER_TYPE.children],
      ['persistent', WATCHER_TYPE.persistent],
      ['recursive', WATCHER_TYPE.persistentRecursive],
    ];
    for (const [mode, type] of all) {
      const r = check(all.map(([m]) => `a ${m} /x`));
      expect(r.has('/x', a, type)).toBe(true);
      expect(r.remove('/x', b, type)).toBe(false);
      expect(r.remove('/y', a, type)).toBe(false);
      expect(r.remove('/x', a, type)).toBe(true);
      expect(r.remove('/x', a, type)).toBe(false);
      expect(r.has('/x', a, type)).toBe(false);
      expect(r.modes('/x', a)).toBe(15 & ~WATCH[mode]);
      expect(r.remove('/x', a, WATCHER_TYPE.any)).toBe(true);
      expect([r.count, r.countOf(a)]).toEqual([0, 0]);
    }
    expect(check(['a data /x']).remove('/x', a, 9)).toBe(false);
  });
  it('takes all of a watcher that goes', () => {
    const r = check(['a data /x', 'a child /x', 'b data /x', 'a recursive /', 'a persistent /y']);
    expect(r.removeWatcher(a)).toBe(4);
    expect(r.removeWatcher(a)).toBe(0);
    expect(names(r.trigger('/x', EVENT.nodeDeleted))).toEqual(['b']);
    expect(r.count).toBe(0);
  });
});

describe('limits and counts', () => {
  it('refuses what exceeds the limit of a watcher, and takes repetitions', () => {
    const r = new WatchRegistry<Watcher>(2);
    expect(r.add('/x', a, WATCH.data)).toBe(true);
    expect(r.add('/y', a, WATCH.data)).toBe(true);
    expect(r.add('/x', a, WATCH.data)).toBe(true);
    expect(r.add('/z', a, WATCH.data)).toBe(false);
    expect(r.add('/z', b, WATCH.data)).toBe(true);
    expect(r.modes('/z', a)).toBe(0);
    r.trigger('/x', EVENT.nodeDataChanged);
    expect(r.add('/z', a, WATCH.data)).toBe(true);
  });
  it('counts and lists as the two tables would', () => {
    const r = check(['a data /x', 'b data /x', 'a child /y', 'c persistent /y', 'b recursive /']);
    expect(r.count).toBe(7);
    expect(r.summary()).toEqual({ watchers: 3, paths: 3, watches: 4 });
    expect([...r.byPath()].map(([p, w]) => `${p} ${names(w)}`).sort()).toEqual(['/ b', '/x a,b', '/y c']);
    expect([...r.byPath('child')].map(([p, w]) => `${p} ${names(w)}`).sort()).toEqual(['/ b', '/y a,c']);
    expect([...r.byWatcher()].map(([w, p]) => `${w.name} ${p.sort()}`).sort()).toEqual([
      'a /x',
      'b /,/x',
      'c /y',
    ]);
    r.clear();
    expect([r.count, r.countOf(a), r.add('/x', a, WATCH.child)]).toEqual([0, 0, true]);
  });
  it('names every mode', () => {
    expect(Object.values(WATCH).map(watchModeName)).toEqual([
      'data',
      'child',
      'persistent',
      'persistent-recursive',
    ]);
  });
});

/** The two tables of ZooKeeper, word for word and slow. */
class Model {
  tables = { data: new Set<string>(), child: new Set<string>() };
  add(path: string, w: string, mode: WatchMode) {
    if (mode !== WATCH.child) this.tables.data.add(`${w} ${mode} ${path}`);
    if (mode !== WATCH.data) this.tables.child.add(`${w} ${mode} ${path}`);
  }
  fire(path: string, type: EventType): string[] {
    const heard = new Set<string>();
    const tables =
      type === EVENT.nodeChildrenChanged
        ? ['child']
        : type === EVENT.nodeDeleted
          ? ['data', 'child']
          : ['data'];
    for (const t of tables as ('data' | 'child')[]) {
      for (const entry of [...this.tables[t]]) {
        const [w, mode, at] = entry.split(' ') as [string, string, string];
        const recursive = Number(mode) === WATCH.recursive;
        const below = at === '/' ? path !== '/' : path.startsWith(`${at}/`);
        if (at !== path && !(recursive && below)) continue;
        if (recursive && type === EVENT.nodeChildrenChanged) continue;
        heard.add(w);
        if (Number(mode) <= WATCH.child) this.tables[t].delete(entry);
      }
    }
    return [...heard].sort();
  }
  drop(match: (w: string, mode: number, path: string) => boolean): boolean {
    let any = false;
    for (const t of [this.tables.data, this.tables.child]) {
      for (const entry of [...t]) {
        const [w, mode, path] = entry.split(' ') as [string, string, string];
        if (match(w, Number(mode), path)) any = t.delete(entry) || any;
      }
    }
    return any;
  }
}

it('agrees with a model of the two tables', () => {
  const paths = fc.constantFrom('/', '/x', '/x/y', '/x/y/z', '/xx');
  const watcher = fc.constantFrom(a, b, c);
  const step = fc.oneof(
    fc.tuple(fc.constant('add' as const), paths, watcher, fc.constantFrom<number>(1, 2, 4, 8)),
    fc.tuple(fc.constant('fire' as const), paths, watcher, fc.constantFrom<number>(1, 2, 3, 4)),
    fc.tuple(fc.constant('remove' as const), paths, watcher, fc.integer({ min: 1, max: 5 })),
    fc.tuple(fc.constant('gone' as const), paths, watcher, fc.constant(0)),
  );
  const means = [0, WATCH.child, WATCH.data, 15, WATCH.persistent, WATCH.recursive];
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const r = new WatchRegistry<Watcher>();
      const m = new Model();
      for (const [what, path, w, n] of steps) {
        if (what === 'add') {
          r.add(path, w, n as WatchMode);
          m.add(path, w.name, n as WatchMode);
        } else if (what === 'fire') {
          expect(names(r.trigger(path, n as EventType))).toEqual(m.fire(path, n as EventType));
        } else if (what === 'remove') {
          const removed = m.drop(
            (x, mode, at) => x === w.name && at === path && ((means[n] as number) & mode) !== 0,
          );
          expect(r.has(path, w, n)).toBe(removed);
          expect(r.remove(path, w, n)).toBe(removed);
        } else {
          expect(r.removeWatcher(w) > 0).toBe(m.drop((x) => x === w.name));
        }
        // Apache holds one entry a (connection, path, table), whatever its modes.
        const entries = (t: Set<string>) => new Set([...t].map((e) => e.replace(/ \d /, ' '))).size;
        expect(r.count).toBe(entries(m.tables.data) + entries(m.tables.child));
        expect(r.summary().watches).toBe(entries(m.tables.data));
      }
    }),
    { numRuns: 300 },
  );
});
