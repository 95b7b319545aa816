import { afterEach, describe, expect, it } from 'vitest';
import { WATCHER_TYPE } from '../../../src/protocol/watch-types.ts';
import type { SimNode } from '../../../src/sim/sim-node.ts';
import { EnsembleStory } from './ensemble-story.ts';

const SEEDS = [1, 2, 3, 4, 5];
let story: EnsembleStory;
afterEach(() => story.cluster.end());

/** Where these lines are in a story: each once, one behind the other. */
function expectInOrder(lines: readonly string[], ...chain: string[]): void {
  for (const line of chain)
    expect(
      lines.filter((it) => it === line),
      line,
    ).toHaveLength(1);
  const places = chain.map((line) => lines.indexOf(line));
  expect(places, `${chain.join(' < ')} in\n${lines.join('\n')}`).toEqual(places.toSorted((a, b) => a - b));
}

/** Nothing but these lines, in whatever order. */
const expectLines = (lines: readonly string[], ...expected: string[]): void =>
  expect(lines.toSorted()).toEqual(expected.toSorted());

/** What a write through a server was to the leader, and to those that have nothing to do with its client. */
function expectLeader(op: string, origin: SimNode, extra: readonly string[] = []): void {
  const { leader, followers, observer } = story;
  const lines = story.of(leader);
  const forwarded = origin === leader ? [] : [`REQUEST from ${origin.id}`, `arrived ${op} from ${origin.id}`];
  const prepared = [...forwarded, `prepared ${op} 0`, 'proposed to 2'];
  for (const { id } of followers) {
    expectInOrder(lines, ...prepared, `PROPOSAL to ${id}`, `ACK from ${id}`, `acked by ${id}`);
    expectInOrder(lines, 'committed', `COMMIT to ${id}`, 'applied');
  }
  expectInOrder(lines, ...prepared, 'logged', `acked by ${leader.id}`);
  expectInOrder(lines, 'logged', 'applied');
  expectInOrder(lines, 'committed', `INFORM to ${observer.id}`, 'applied');
  const committed = lines.indexOf('committed');
  const acks = lines.slice(0, committed).filter((line) => line.startsWith('acked by'));
  expect(acks, 'a quorum, and no more').toHaveLength(2);
  expect(lines[committed - 1]).toMatch(/^acked by/);
  expectLines(
    lines,
    ...prepared,
    'logged',
    `acked by ${leader.id}`,
    'committed',
    `INFORM to ${observer.id}`,
    'applied',
    ...followers.flatMap(({ id }) => [
      `PROPOSAL to ${id}`,
      `ACK from ${id}`,
      `acked by ${id}`,
      `COMMIT to ${id}`,
    ]),
    ...extra,
  );
}

const PROPOSED = ['proposal', 'logged', 'ACK', 'COMMIT', 'applied'];

/** What a transaction was to a follower, between what came before and behind it. */
function expectFollower(node: SimNode, before: readonly string[] = [], behind: readonly string[] = []): void {
  const lines = story.of(node);
  const { id } = story.leader;
  const proposal = [`PROPOSAL from ${id}`, `proposal of ${id}`];
  expectInOrder(lines, ...before, ...proposal, 'logged', `ACK to ${id}`);
  expectInOrder(lines, ...proposal, `COMMIT from ${id}`, 'applied', ...behind);
  expectInOrder(lines, 'logged', 'applied');
  expect(lines).toHaveLength(before.length + PROPOSED.length + 1 + behind.length);
}

function expectObserver(before: readonly string[] = [], behind: readonly string[] = []): void {
  const { id } = story.leader;
  const lines = [...before, `INFORM from ${id}`, `proposal of ${id}`, 'logged', 'applied', ...behind];
  expect(story.of(story.observer)).toEqual(lines);
}

/** Every event of one request names it the same way. */
function expectOneRequest(cxid: number): void {
  const written = story.events.filter(({ fields }) => 'session' in fields && 'cxid' in fields);
  const sessions = new Set(written.map(({ fields }) => 'session' in fields && fields.session));
  expect(sessions.size).toBe(1);
  expect(new Set(written.map(({ fields }) => 'cxid' in fields && fields.cxid))).toEqual(new Set([cxid]));
  const zxids = story.events
    .filter(({ name }) => name !== 'request.replied' && /^request|^zab\.(pro|acked|comm)/.test(name))
    .flatMap(({ fields }) => ('zxid' in fields ? [fields.zxid] : []));
  expect(new Set(zxids).size).toBe(1);
  expect(zxids[0]).toBeGreaterThan(0n);
}

describe.each(SEEDS)('every server tells its part of a request (seed %i)', (seed) => {
  it('a write through a follower', async () => {
    story = await EnsembleStory.begin(seed);
    const [origin, other] = story.followers as [SimNode, SimNode];
    const { client } = story.dial(origin);
    await story.tell(() => client.exists('/'));
    await story.tell(() => client.create('/a', 'x'));
    const { id } = story.leader;
    expectFollower(origin, ['received create', 'forwarded create', `REQUEST to ${id}`], ['replied create 0']);
    expectFollower(other);
    expectObserver();
    expectLeader('create', origin);
    expectOneRequest(2);
    for (const { fields } of story.named('request.logged')) expect(fields.ms).toBeGreaterThan(0);
  });

  it('a write through the leader', async () => {
    story = await EnsembleStory.begin(seed);
    const { client } = story.dial(story.leader);
    await story.tell(() => client.exists('/'));
    await story.tell(() => client.create('/a', 'x'));
    for (const node of story.followers) expectFollower(node);
    expectObserver();
    expectLeader('create', story.leader, ['received create', 'replied create 0']);
    expectInOrder(
      story.of(story.leader),
      'received create',
      'prepared create 0',
      'applied',
      'replied create 0',
    );
    expectOneRequest(2);
  });

  it('a write and a multi through an observer', async () => {
    story = await EnsembleStory.begin(seed);
    const { leader, observer } = story;
    const { client } = story.dial(observer);
    for (const op of ['create', 'multi']) {
      const doIt =
        op === 'create'
          ? () => client.create('/a')
          : () => client.multi([{ type: 'set', path: '/a', data: 'y' }]);
      await story.tell(() => client.exists('/'));
      await story.tell(doIt);
      expectObserver([`received ${op}`, `forwarded ${op}`, `REQUEST to ${leader.id}`], [`replied ${op} 0`]);
      for (const node of story.followers) expectFollower(node);
      expectLeader(op, observer);
    }
  });

  it('a new session, and its end', async () => {
    story = await EnsembleStory.begin(seed);
    const [origin, other] = story.followers as [SimNode, SimNode];
    story.events.length = 0;
    const { client } = story.dial(origin);
    await story.cluster.run(() => client.state === 'connected');
    await story.cluster.pass(60);
    const asked = ['received createSession', 'forwarded createSession', `REQUEST to ${story.leader.id}`];
    expectFollower(origin, asked, ['session attached', 'replied createSession 0']);
    expectFollower(other);
    expectLeader('createSession', origin, ['session created']);
    expect(story.named('session.created')).toHaveLength(1);
    const [attached] = story.named('session.attached');
    expect(attached?.fields).toMatchObject({ client: 'c1', timeoutMs: 4000, session: client.sessionId });
    expectOneRequest(0);
    await story.tell(() => client.close());
    expect(
      story
        .named('session.closed')
        .map(({ node }) => node)
        .toSorted(),
    ).toEqual(['1', '2', '3', '4']);
    expect(story.of(origin)).toContain('replied closeSession 0');
  });

  it('a session that expires: once by the leader, its end by every server', async () => {
    story = await EnsembleStory.begin(seed);
    const [origin] = story.followers as [SimNode];
    const { client, die } = story.dial(origin);
    await story.tell(() => client.create('/e', '', { mode: 'ephemeral' }));
    const session = client.sessionId;
    die();
    await story.cluster.run(() => story.named('session.closed').length === 4, 20_000);
    expect(story.named('session.expired').map(({ node, fields }) => [node, fields.session])).toEqual([
      [String(story.leader.id), session],
    ]);
    for (const { fields } of story.named('session.closed')) {
      expect(fields).toMatchObject({ session, ephemerals: 1 });
    }
    const ends = story.events.filter(({ name }) => name === 'request.applied').slice(-4);
    expect(ends.map(({ node }) => node).toSorted()).toEqual(['1', '2', '3', '4']);
    for (const { fields } of ends) expect(fields).toMatchObject({ session, cxid: 0 });
  });

  it('what asks for too much is refused, and the limit named', async () => {
    story = await EnsembleStory.begin(seed, {
      config: ['zkt.multiOperationsMax=3', 'zkt.unreadBytesMax=900'],
    });
    const { client } = story.dial(story.leader);
    const refused = async (operation: () => Promise<unknown>): Promise<unknown> => {
      await expect(story.tell(operation)).rejects.toThrow();
      return story
        .named('request.over-limit')
        .map(({ node, fields }) => `${node} ${fields.op} ${fields.limit}`);
    };
    const { id } = story.leader;
    const checks = Array.from({ length: 4 }, () => ({ type: 'check' as const, path: '/' }));
    expect(await refused(() => client.multi(checks))).toEqual([`${id} multi zkt.multiOperationsMax`]);
    const reads = checks.map(() => ({ type: 'get' as const, path: '/' }));
    expect(await refused(() => client.multiRead(reads))).toEqual([`${id} multiRead zkt.multiOperationsMax`]);
    await story.tell(() => client.create('/a', Buffer.alloc(1000)));
    const large = reads.slice(2).map(({ type }) => ({ type, path: '/a' }));
    expect(await refused(() => client.multiRead(large))).toEqual([`${id} multiRead zkt.unreadBytesMax`]);
  });

  it('watches: set, fired, taken back', async () => {
    story = await EnsembleStory.begin(seed);
    const [origin] = story.followers as [SimNode];
    const { client } = story.dial(origin);
    await story.tell(() => client.create('/a', 'x'));
    const watched = (): string[] => story.of(origin).filter((line) => line.startsWith('watch'));
    await story.tell(() => client.get('/a', true));
    expect(watched()).toEqual(['watch set /a']);
    await story.tell(() => client.set('/a', 'y'));
    expect(watched()).toEqual(['watch fired /a']);
    const watch = client.watch();
    await story.tell(() => client.get('/a', watch));
    await story.tell(() => client.removeWatches('/a', WATCHER_TYPE.any, { target: watch }));
    expect(watched()).toEqual(['watch removed /a']);
  });

  it('reads, and a sync', async () => {
    story = await EnsembleStory.begin(seed);
    const [origin, other] = story.followers as [SimNode, SimNode];
    const { client } = story.dial(origin);
    const { leader } = story;
    await story.tell(() => client.create('/a', 'x'));
    await story.tell(() => client.get('/a'));
    expect(story.of(origin)).toEqual(['received getData', 'replied getData 0']);
    await story.tell(() => client.get('/none').catch(() => {}));
    expect(story.of(origin)).toEqual(['received getData', 'replied getData -101']);
    await story.tell(() => client.addAuth('digest', 'ben:secret'));
    expect(story.of(origin)).toEqual(['received auth', 'replied auth 0']);
    for (const node of [leader, other]) expect(story.of(node)).toEqual([]);
    await story.tell(() => client.sync('/a'));
    expect(story.of(origin)).toEqual([
      'received sync',
      'forwarded sync',
      `REQUEST to ${leader.id}`,
      `SYNC from ${leader.id}`,
      'replied sync 0',
    ]);
    expect(story.of(leader)).toEqual([
      `REQUEST from ${origin.id}`,
      `arrived sync from ${origin.id}`,
      `SYNC to ${origin.id}`,
    ]);
  });
});
