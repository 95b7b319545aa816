import { expect, it } from 'vitest';
import type { ZktEvent } from '../../../src/events/table.ts';
import { pastInOrder } from '../../../src/inspect/observe/past-in-order.ts';
import { FakeWorld } from './fake-world.ts';

const event = (node: number, seq: number, time: number): ZktEvent =>
  ({ name: 'server.starting', node: String(node), seq, time, fields: {} }) as unknown as ZktEvent;

/** Hands `events` on at once, and what `later` is called with. */
function ordered(events: readonly ZktEvent[]) {
  const world = new FakeWorld();
  const taken: string[] = [];
  let tell: (event: ZktEvent) => void = () => {};
  let stopped = false;
  const source = pastInOrder(
    {
      start: (take) => {
        tell = take;
      },
      stop: () => {
        stopped = true;
      },
    },
    world,
  );
  source.start(({ node, seq }) => taken.push(`${node}:${seq}`));
  for (const each of events) tell(each);
  return { world, taken, source, tell: (each: ZktEvent) => tell(each), stopped: () => stopped };
}

it('pasts that come one after another are handed on by time, then events as they come', async () => {
  const { world, taken, tell } = ordered([
    event(1, 1, 10),
    event(1, 2, 30),
    event(2, 1, 20),
    event(2, 2, 40),
  ]);
  expect(taken).toEqual([]);
  await world.pass(1_000);
  expect(taken).toEqual(['1:1', '2:1', '1:2', '2:2']);
  tell(event(3, 1, 5));
  expect(taken.at(-1)).toBe('3:1');
});

it('a clock that was set back does not turn the events of a server around', async () => {
  const { world, taken } = ordered([event(1, 1, 50), event(1, 2, 10), event(2, 1, 20), event(1, 3, 60)]);
  await world.pass(1_000);
  expect(taken).toEqual(['2:1', '1:1', '1:2', '1:3']);
});

it('too many do not wait, and nothing comes after the end', async () => {
  const many = Array.from({ length: 100_000 }, (_, i) => event(1, i, i));
  const { world, taken, tell } = ordered(many);
  expect(taken.length).toBe(100_000);
  tell(event(2, 1, 0));
  expect(taken.at(-1)).toBe('2:1');
  const ended = ordered([event(1, 1, 1)]);
  ended.source.stop();
  await ended.world.pass(2_000);
  await world.pass(2_000);
  expect([ended.taken, ended.stopped()]).toEqual([[], true]);
});
