import { expect, test } from 'vitest';
import { Bus } from '../../../src/events/bus.ts';
import { wordsOf } from '../../../src/formatters/event-words.ts';
import { watchLeader } from '../../../src/server/admin/leader-watch.ts';

/** What is told in the course of `steps`, each at its time, ms. */
function check(steps: readonly (readonly [number, (bus: Bus) => void])[], untilMs: number): string[] {
  let now = 0;
  const due = new Map<object, readonly [number, () => void]>();
  const after = (ms: number, task: () => void) => {
    const timer = { cancel: () => void due.delete(timer) };
    due.set(timer, [now + ms, task]);
    return timer;
  };
  const timers = { after, every: after, soon: (task: () => void) => task() };
  const clock = { monotonicMs: () => now, wallMs: () => now };
  const bus = new Bus('1', clock);
  const told: string[] = [];
  bus.subscribe({ names: ['peer.leaderless'], take: (event) => told.push(`${now} ${wordsOf(event)}`) });
  watchLeader({ clock, timers }, bus, () => [2, 3]);
  for (; now <= untilMs; now += 500) {
    for (const [at, step] of steps) if (at === now) step(bus);
    for (const [timer, [at, task]] of due) {
      if (at > now) continue;
      due.delete(timer);
      task();
    }
  }
  return told;
}

const state = (name: string) => (bus: Bus) => bus.emit('peer.state', { state: name, leader: -1n });
const connected = (sid: bigint) => (bus: Bus) =>
  bus.emit('election.connected', { sid, remote: 'x', dialled: true });
const gone = (sid: bigint) => (bus: Bus) => bus.emit('election.disconnected', { sid, remote: 'x', why: '' });

test('a member alone says so, again and again, more and more rarely', () => {
  expect(check([], 45_000)).toEqual([
    '10000 No leader for 10 s: connected to no other server; not to 2, 3.',
    '20000 No leader for 20 s: connected to no other server; not to 2, 3.',
    '40000 No leader for 40 s: connected to no other server; not to 2, 3.',
  ]);
});

test('whom it sees and whom not', () => {
  const steps = [
    [500, connected(2n)],
    [600, connected(3n)],
    [15_000, connected(3n)],
    [25_000, gone(2n)],
  ] as const;
  expect(check(steps, 40_000)).toEqual([
    '10000 No leader for 10 s: connected to server 2; not to 3.',
    '20000 No leader for 20 s: connected to servers 2, 3, and no quorum agrees.',
    '40000 No leader for 40 s: connected to server 3; not to 2.',
  ]);
});

test('with a leader it is quiet, and without one the time begins anew', () => {
  const steps = [
    [5000, state('FOLLOWING')],
    [30_000, state('LOOKING')],
  ] as const;
  expect(check(steps, 45_000).map((line) => line.split(' ')[0])).toEqual(['40000']);
});
