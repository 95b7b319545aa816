import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JuteReader } from '../../../src/jute/reader.ts';
import { JuteWriter } from '../../../src/jute/writer.ts';
import { PERMS } from '../../../src/protocol/acl.ts';
import { parentPath } from '../../../src/protocol/paths.ts';
import { DataTree } from '../../../src/server/tree/data-tree.ts';
import { countBelow, NO_NODE } from '../../../src/server/tree/node-store.ts';
import { TreeSnapshot } from '../../../src/server/tree/tree-snapshot.ts';

const OPTIONS = { extended: { enabled: true, emulate353: false }, digest: true, hashSeed: 1 };
const OPEN = [{ perms: PERMS.ALL, id: { scheme: 'world', id: 'anyone' } }];
const at = (zxid: number) => ({ zxidHi: 0, zxidLo: zxid, time: 1_700_000_000_000 + zxid });

describe('a fresh tree', () => {
  const tree = DataTree.fresh(OPTIONS);
  it('has the digest of Apache', () => expect(tree.digest.value()).toBe(0x51c6d660n));
  it('has four nodes', () => expect(tree.nodeCount).toBe(4));
  it('is 44 bytes large, as Apache counts', () => expect(tree.approximateDataSize).toBe(44));
  it('answers the root for the empty path', () => expect(tree.find('')).toBe(tree.find('/')));
});

/** What a client can see of every node, as text to compare. */
const picture = (tree: DataTree): Map<string, string> => {
  const seen = new Map<string, string>();
  for (let id = 0; id < tree.store.limit; id++) {
    if (!tree.store.alive(id)) continue;
    const stat = tree.stat(id);
    const shown = Object.entries(stat).map(([k, v]) => `${k}=${v}`);
    const acl = JSON.stringify(tree.aclOf(id));
    seen.set(tree.store.path(id), `${tree.store.copyData(id)?.toString('hex') ?? 'null'} ${acl} ${shown}`);
  }
  return seen;
};

type Step =
  | { do: 'create'; path: string; data: Uint8Array | null; owner: bigint; perms: number }
  | { do: 'set'; path: string; data: Uint8Array | null }
  | { do: 'acl'; path: string; perms: number }
  | { do: 'remove'; path: string };

const path = fc.array(fc.constantFrom('a', 'b', 'c', '__proto__', 'é'), { minLength: 1, maxLength: 4 });
const anyPath = path.map((parts) => `/${parts.join('/')}`);
const data = fc.option(fc.uint8Array({ maxLength: 700 }), { nil: null });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('create' as const),
    path: anyPath,
    data,
    owner: fc.constantFrom(0n, 0n, 7n, -0x8000000000000000n),
    perms: fc.constantFrom(31, 1, 3),
  }),
  fc.record({ do: fc.constant('set' as const), path: anyPath, data }),
  fc.record({ do: fc.constant('acl' as const), path: anyPath, perms: fc.constantFrom(31, 1, 5) }),
  fc.record({ do: fc.constant('remove' as const), path: anyPath }),
);

const run = (tree: DataTree, s: Step, zxid: number): void => {
  const id = tree.find(s.path);
  const acl = (perms: number) => [{ perms, id: { scheme: 'world', id: 'anyone' } }];
  if (s.do === 'create') {
    const parent = tree.find(parentPath(s.path));
    if (id !== NO_NODE || parent === NO_NODE) return;
    tree.create(s.path, parent, { data: s.data, acl: acl(s.perms), owner: s.owner }, -1, at(zxid));
  } else if (id === NO_NODE) return;
  else if (s.do === 'set') tree.setData(id, s.data, tree.versionOf(id) + 1, at(zxid));
  else if (s.do === 'acl') tree.setAcl(id, acl(s.perms), tree.aversionOf(id) + 1);
  else if (tree.store.childCount(id) === 0) tree.remove(id, at(zxid));
};

/** Loads what a snapshot wrote into a new tree. */
const load = (bytes: Buffer, acls: TreeSnapshot['acls']): DataTree => {
  const tree = new DataTree(OPTIONS);
  for (const [id, acl] of acls) tree.acls.restore(id, acl);
  const r = new JuteReader(bytes);
  while (r.remaining > 0) {
    const nodePath = r.readString() ?? '';
    const length = r.readInt();
    const start = r.pos;
    r.pos += Math.max(length, 0);
    const acl = Number(r.readLong());
    expect(tree.restoreNode(nodePath, bytes, start, length, acl, r.pos)).toBe(true);
    r.pos += 60;
  }
  tree.finishRestore();
  return tree;
};

describe('a snapshot', () => {
  it('is the tree of the moment it began, whatever happens while it is written', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.array(step, { maxLength: 60 }), (before, during) => {
        const tree = DataTree.fresh(OPTIONS);
        let zxid = 0;
        for (const s of before) run(tree, s, ++zxid);
        const expected = picture(tree);
        const snapshot = new TreeSnapshot(tree, 1, new JuteWriter());
        const w = new JuteWriter();
        let done = false;
        for (const s of during) {
          if (!done) done = snapshot.writeSome(w, 1);
          run(tree, s, ++zxid);
        }
        while (!done) done = snapshot.writeSome(w, 64);
        snapshot.end();
        const loaded = load(w.copy(), snapshot.acls);
        expect(picture(loaded)).toEqual(expected);
        expect(loaded.digest.value()).toBe(snapshot.digest);
        expect(snapshot.written).toBe(expected.size);
      }),
    );
  });
});

describe('the digest', () => {
  it('depends on the tree alone, not on the way to it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const tree = DataTree.fresh(OPTIONS);
        let zxid = 0;
        for (const s of steps) run(tree, s, ++zxid);
        const snapshot = new TreeSnapshot(tree, 1, new JuteWriter());
        const w = new JuteWriter();
        while (!snapshot.writeSome(w, 1 << 20)) {}
        expect(load(w.copy(), snapshot.acls).digest.value()).toBe(tree.digest.value());
      }),
    );
  });
});

describe('quotas', () => {
  it('counts usage at the deepest path with a quota', () => {
    const tree = DataTree.fresh(OPTIONS);
    const make = (p: string, bytes = ''): void => {
      tree.create(p, tree.parentOf(p), { data: Buffer.from(bytes), acl: OPEN, owner: 0n }, -1, at(1));
    };
    make('/a', 'xy');
    make('/a/b', '123');
    make('/zookeeper/quota/a');
    make('/zookeeper/quota/a/zookeeper_limits', 'count=2,bytes=-1');
    make('/zookeeper/quota/a/zookeeper_stats', 'count=0,bytes=0');
    const usage = () => tree.store.copyData(tree.find('/zookeeper/quota/a/zookeeper_stats'))?.toString();
    expect(usage()).toBe('count=2,bytes=5');
    make('/a/c', '4567');
    expect(usage()).toBe('count=3,bytes=9');
    tree.setData(tree.find('/a/c'), null, 1, at(2));
    expect(usage()).toBe('count=3,bytes=5');
    tree.remove(tree.find('/a/b'), at(3));
    expect(usage()).toBe('count=2,bytes=2');
    expect([...tree.quotas.breaches('/a/d', 1, 0)]).toEqual([
      { path: '/a', what: 'count', used: 3, limit: 2 },
    ]);
    expect(tree.quotas.exceedsHard('/a/d', 1, 0)).toBe(false);
  });
});

describe('a snapshot of a deep tree', () => {
  it('takes children whose rows come before those of thousands of ancestors', () => {
    const tree = DataTree.fresh(OPTIONS);
    const depth = 20_000;
    const add = (p: string): number =>
      tree.create(p, tree.parentOf(p), { data: null, acl: OPEN, owner: 0n }, -1, at(1));
    // Freed rows are used again, the last freed first: the deepest node gets the lowest row.
    const flat = Array.from({ length: depth }, (_, i) => add(`/f${i}`));
    for (const id of flat) tree.remove(id, at(2));
    let parent = tree.find('/');
    for (let i = 0; i < depth; i++) {
      // Names, not paths: those would be 200 MB in all.
      parent = tree.create(`/${i}`, parent, { data: null, acl: OPEN, owner: 0n }, -1, at(3));
    }
    expect(countBelow(tree.store, tree.find('/'))).toBe(tree.nodeCount - 1);
    const snapshot = new TreeSnapshot(tree, 1, new JuteWriter());
    while (!snapshot.writeSome(new JuteWriter(), 1 << 20)) {}
    snapshot.end();
    expect(snapshot.written).toBe(tree.nodeCount);
  });
});

describe('the counter of children', () => {
  it('goes on counting past 2^31', () => {
    const tree = DataTree.fresh(OPTIONS);
    const root = tree.find('/');
    const seen: number[] = [];
    tree.raiseParent(root, 0x40000000, at(1));
    for (const next of [0x7ffffffe, 0x7fffffff, -0x80000000, -0x7fffffff, 0x7fffffff]) {
      tree.raiseParent(root, next, at(2));
      seen.push(tree.cversionOf(root));
    }
    // The last is an old one, from a replay.
    expect(seen).toEqual([0x7ffffffe, 0x7fffffff, -0x80000000, -0x7fffffff, -0x7fffffff]);
  });
});

describe('the walk that counts', () => {
  it('counts what is below, wherever it starts', () => {
    const tree = DataTree.fresh(OPTIONS);
    for (const p of ['/a', '/a/b', '/a/b/c', '/a/d', '/e', '/e/f', '/a/b/g']) {
      tree.create(p, tree.parentOf(p), { data: null, acl: OPEN, owner: 0n }, -1, at(1));
    }
    const below = (p: string): number => countBelow(tree.store, tree.find(p));
    expect(['/', '/a', '/a/b', '/a/b/c', '/e'].map(below)).toEqual([10, 4, 2, 0, 1]);
  });
});
