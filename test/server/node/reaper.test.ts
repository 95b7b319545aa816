import { expect, it } from 'vitest';
import { OPEN_ACL } from '../../../src/protocol/acl.ts';
import { CONTAINER_OWNER, ttlOwner } from '../../../src/protocol/create-mode.ts';
import { Reaper } from '../../../src/server/node/reaper.ts';
import { DataTree } from '../../../src/server/tree/data-tree.ts';
import { HandClock } from '../net/fake-service.ts';

const START = 1_700_000_000_000;

/** A tree, a reaper of it that checks every second, and what it asked to remove. */
function bench(neverUsedMs = 0) {
  const options = { extended: { enabled: true, emulate353: false }, digest: false, hashSeed: 1 };
  const tree = DataTree.fresh(options);
  const clock = new HandClock();
  const removed: string[] = [];
  const limits = { intervalMs: 1000, perMinuteMax: 60_000, neverUsedMs };
  const reaper = new Reaper(tree, limits, clock, clock.wallMs, (path) => void removed.push(path));
  const at = (time: number) => ({ zxidHi: 0, zxidLo: 1, time });
  const add = (path: string, owner: bigint, time = START): number =>
    tree.create(path, tree.parentOf(path), { data: null, acl: OPEN_ACL, owner }, -1, at(time));
  const pass = (ms: number): void => {
    for (let i = 0; i < ms; i += 10) {
      clock.pass(10);
      while (clock.endTurn()) {}
    }
  };
  reaper.start();
  return { tree, reaper, removed, clock, add, at, pass };
}

it('removes containers that had children and have none, not the others', () => {
  const b = bench();
  for (const path of ['/fresh', '/left', '/used']) b.add(path, CONTAINER_OWNER);
  b.add('/used/child', 0n);
  b.tree.remove(b.add('/left/child', 0n), b.at(START));
  b.pass(1500);
  expect(b.removed).toEqual(['/left']);
});

it('removes containers that were never used once they are old enough', () => {
  const b = bench(5000);
  b.add('/young', CONTAINER_OWNER, START + 60_000);
  b.add('/old', CONTAINER_OWNER, START - 6000);
  b.pass(1500);
  expect(b.removed).toEqual(['/old']);
});

it('removes childless TTL nodes whose time is over', () => {
  const b = bench();
  b.add('/long', ttlOwner(3_600_000n));
  b.add('/short', ttlOwner(500n));
  b.add('/parent', ttlOwner(500n));
  b.add('/parent/child', 0n);
  b.pass(1500);
  expect(b.removed).toEqual(['/short']);
});

it('looks at many in several turns, and removes each once a round', () => {
  const b = bench();
  const COUNT = 5000;
  for (let i = 0; i < COUNT; i++) b.add(`/n${i}`, ttlOwner(1n));
  b.clock.pass(1000);
  expect(b.removed).toEqual([]);
  b.clock.endTurn();
  expect(b.removed).toEqual([]);
  b.pass(COUNT + 200);
  expect(b.removed.length).toBe(COUNT);
  expect(new Set(b.removed).size).toBe(COUNT);
});

it('stops in the middle of a look', () => {
  const b = bench();
  for (let i = 0; i < 5000; i++) b.add(`/n${i}`, ttlOwner(1n));
  b.clock.pass(1000);
  b.reaper.stop();
  b.pass(3000);
  expect(b.removed).toEqual([]);
});
