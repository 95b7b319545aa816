import { afterEach, describe, expect, it } from 'vitest';
import type { Client } from '../../../src/client/api.ts';
import { Stages } from '../../../src/server/processor/stages.ts';
import type { SimNode } from '../../../src/sim/sim-node.ts';
import { EnsembleStory } from './ensemble-story.ts';

let story: EnsembleStory;
afterEach(() => story?.cluster.end());

/** `prepared +0.1, applied +2.0 ms` as its stages; their times must add up to `ms`. */
function stagesOf(text: string, ms: number): string[] {
  const parts = [...text.matchAll(/(\w+) \+(\d+\.\d)(?:, | ms$)/g)];
  expect(parts.map(([part]) => part).join('')).toBe(text);
  const sum = parts.reduce((total, [, , took]) => total + Number(took), 0);
  expect(Math.abs(sum - ms)).toBeLessThan(0.05 * parts.length + 0.001);
  return parts.map(([, stage]) => stage ?? '');
}

/** What was told as slow: where, what, and the stages in order. */
const slow = (): string[] =>
  story
    .named('request.slow')
    .map(
      ({ node, fields: { op, path, ms, stages } }) =>
        `${node} ${op} ${path}: ${stagesOf(stages, ms).join(' ')}`,
    );

const EVERYTHING = { config: ['slowRequestThresholdMs=0'] };

/** Write, multi, read, sync, what waits behind a write, and the end of a session. */
async function everyKind(node: SimNode): Promise<string[]> {
  const dialled: Client[] = [];
  // Dialled in the story, so that its session is part of it.
  await story.tell(() => {
    dialled.push(story.dial(node).client);
    return (dialled[0] as Client).create('/a', 'x');
  });
  const [client] = dialled as [Client];
  const told = slow();
  for (const work of [
    () => client.multi([{ type: 'set', path: '/a', data: 'y' }]),
    () => client.get('/a'),
    () => client.sync('/a'),
    () => Promise.all([client.set('/a', 'z'), client.get('/a')]),
    () => client.close(),
  ]) {
    await story.tell(work);
    told.push(...slow());
  }
  return told;
}

const withPaths = (id: number, write: string, sync: string): string[] => [
  `${id} createSession : ${write}`,
  `${id} create /a: ${write}`,
  `${id} multi : ${write}`,
  `${id} getData /a: answered`,
  `${id} sync /a: ${sync}`,
  `${id} setData /a: ${write}`,
  `${id} getData /a: turn answered`,
  `${id} closeSession : ${write}`,
];

/** ACK and COMMIT come in any order: whichever is later is what the request waited for. */
const either = (told: readonly string[], one: string, other: string): string[] =>
  told.map((line) => line.replace(`${other} ${one}`, `${one} ${other}`));

describe('where the time of a slow request went', () => {
  it('is told by a server that stands alone', async () => {
    story = await EnsembleStory.begin(1, { ...EVERYTHING, servers: 1, observers: 0 });
    const [node] = story.cluster.nodes as [SimNode];
    const told = await everyKind(node);
    expect(told).toEqual(withPaths(1, 'prepared logged applied', 'answered'));
  });

  it('is told by a leader', async () => {
    story = await EnsembleStory.begin(2, EVERYTHING);
    const { leader } = story;
    const told = either(await everyKind(leader), 'logged', 'quorum');
    expect(told).toEqual(withPaths(leader.id, 'prepared logged quorum applied', 'confirmed turn answered'));
  });

  it('is told by the follower whose client waited, and by no other server', async () => {
    story = await EnsembleStory.begin(3, EVERYTHING);
    const [origin] = story.followers as [SimNode];
    const told = either(await everyKind(origin), 'logged', 'committed');
    const write = 'forwarded proposed logged committed applied';
    expect(told).toEqual(withPaths(origin.id, write, 'forwarded confirmed turn answered'));
  });

  it('is told by an observer', async () => {
    story = await EnsembleStory.begin(4, EVERYTHING);
    const { observer } = story;
    const told = await everyKind(observer);
    expect(told).toEqual(
      withPaths(observer.id, 'forwarded committed logged applied', 'forwarded confirmed turn answered'),
    );
  });

  it('is told of what takes long, and of nothing else', async () => {
    story = await EnsembleStory.begin(5, { config: ['slowRequestThresholdMs=40'] });
    const { client } = story.dial(story.leader);
    await story.tell(() => client.create('/a', 'x'));
    expect(slow()).toEqual([]);
    for (const node of story.cluster.voters) node.slowSyncMs = 400;
    await story.tell(async () => {
      for (let i = 0; i < 5; i++) await client.set('/a', 'y');
      await client.get('/a');
    });
    const took = story.named('request.replied').map(({ fields }) => fields.ms);
    expect(slow()).toHaveLength(took.filter((ms) => ms >= 40).length);
    expect(slow().length).toBeGreaterThan(0);
    expect(slow().every((line) => line.includes('setData /a'))).toBe(true);
  });

  it('is told with no path of any length', async () => {
    story = await EnsembleStory.begin(7, { ...EVERYTHING, servers: 1, observers: 0 });
    const { client } = story.dial(story.cluster.nodes[0] as SimNode);
    await story.tell(() => client.create(`/${'a'.repeat(100_000)}`, 'x'));
    const told = story.named('request.slow').find(({ fields }) => fields.op === 'create');
    expect(told?.fields.path).toBe(`/${'a'.repeat(511)}…`);
  });

  it('is not told where nobody asked for it', async () => {
    story = await EnsembleStory.begin(6);
    for (const node of story.cluster.voters) node.slowSyncMs = 400;
    const { client } = story.dial(story.leader);
    await story.tell(() => client.create('/a', 'x'));
    expect(slow()).toEqual([]);
  });
});

it('stages are told with the time from one to the next', () => {
  const stages = new Stages();
  stages.reached('forwarded', 10.04);
  const rest = new Stages();
  rest.reached('proposed', 12);
  rest.reached('logged', 112.5);
  stages.append(rest);
  expect(stages.text(10)).toBe('forwarded +0.0, proposed +2.0, logged +100.5 ms');
});
