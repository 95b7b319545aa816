/**
 * zkt and Apache ZooKeeper in one ensemble: each leads and follows the other, each observes, and each brings
 * the other up to date.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { failure } from '../client/clients.ts';
import { AckWriter } from './acknowledged.ts';
import { findApache } from './apache.ts';
import { Ensemble, endAllEnsembles, pause } from './ensemble.ts';
import { only } from './ensemble-kinds.ts';
import { exercise } from './ensemble-work.ts';
import { type Kind, other } from './servers.ts';
import { writeMany } from './variety.ts';

/** The one that is alone has the id in the middle, so that each kind has ids above and below. */
const MIXES: readonly { name: string; single: Kind }[] = [
  { name: '2 zkt + 1 Apache', single: 'Apache' },
  { name: '1 zkt + 2 Apache', single: 'zkt' },
];
const [OBSERVER_APACHE, OBSERVER_ZKT] = [4, 5];

afterAll(endAllEnsembles);

describe.skipIf(findApache() === undefined).each(MIXES)('$name, observers of both kinds', ({ single }) => {
  const double = other(single);
  const SINGLE = 2;
  let ensemble: Ensemble;
  let step = 0;
  beforeAll(async () => {
    ensemble = await Ensemble.started({
      participants: only([double, single, double]),
      observers: only(['Apache', 'zkt']),
    });
  });
  afterAll(() => ensemble.end());
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(ensemble.tails(25));
  });

  const same = async (): Promise<void> => expect(await ensemble.differences()).toEqual([]);

  it.each([3, SINGLE])(
    'server %i leads: writes, sync, watches, ephemerals and moved sessions',
    async (leader) => {
      await ensemble.lead(leader);
      const modes = await ensemble.modes();
      const voters = [1, 2, 3].map((sid) => (sid === leader ? 'leader' : 'follower'));
      expect(modes.map((it) => it.mode)).toEqual([...voters, 'observer', 'observer']);
      const follower = leader === SINGLE ? 1 : SINGLE;
      const pairs = [
        [leader, follower],
        [follower, leader],
        [OBSERVER_APACHE, OBSERVER_ZKT],
        [OBSERVER_ZKT, 1],
      ] as const;
      for (const [one, two] of pairs) await exercise(ensemble, `/at-${++step}`, one, two);
      await same();
    },
  );

  it('a session that falls silent takes its ephemerals with it on every server', async () => {
    const leader = await ensemble.leader();
    const owner = leader === SINGLE ? 1 : SINGLE;
    const silent = await ensemble.client([owner], { sessionTimeoutMs: 2000 });
    await silent.create('/silent', null, { mode: 'ephemeral' });
    const watcher = await ensemble.client([OBSERVER_ZKT]);
    const watch = watcher.watch();
    await watcher.sync('/');
    expect(await watcher.exists('/silent', watch)).toBeDefined();
    const gone = watch.next();
    // The server lives on, the client's process hangs: here, its server is replaced by silence.
    ensemble.member(owner).signal('SIGSTOP');
    const begun = performance.now();
    await gone;
    expect(performance.now() - begun).toBeGreaterThan(1000);
    ensemble.member(owner).signal('SIGCONT');
    await silent.close();
    await ensemble.serving(1, 2, 3);
    await same();
  });

  it('a learner that missed a little gets a DIFF, one without data a SNAP', async () => {
    for (const leader of [3, SINGLE]) {
      await ensemble.lead(leader);
      const learners = [leader === SINGLE ? 1 : SINGLE, OBSERVER_APACHE, OBSERVER_ZKT];
      const writer = await ensemble.client([leader]);
      await writer.create(`/before-${leader}`);
      await ensemble.stop(...learners);
      for (let i = 0; i < 5; i++) await writer.create(`/missed-${leader}-${i}`, 'x');
      await ensemble.start(...learners);
      for (const sid of learners) expect(await ensemble.synced(sid), `server ${sid}`).toBe('DIFF');
      await ensemble.stop(...learners);
      for (const sid of learners) ensemble.member(sid).wipe();
      await ensemble.start(...learners);
      for (const sid of learners) expect(await ensemble.synced(sid), `server ${sid}`).toBe('SNAP');
      await writer.set(`/before-${leader}`, 'after');
      await writer.close();
      await same();
    }
  });

  it('a large SNAP under load: what is written meanwhile arrives as well', async () => {
    for (const leader of [3, SINGLE]) {
      await ensemble.lead(leader);
      const learners = [leader === SINGLE ? 1 : SINGLE, OBSERVER_APACHE, OBSERVER_ZKT];
      const worker = await ensemble.client([leader]);
      await writeMany(`/large-${leader}`, 10_000, worker);
      const writer = new AckWriter(`/load-${leader}`);
      const writing = writer.run(worker);
      await ensemble.stop(...learners);
      for (const sid of learners) ensemble.member(sid).wipe();
      await ensemble.start(...learners);
      for (const sid of learners) {
        await ensemble.synced(sid);
        const ways = ensemble
          .member(sid)
          .syncs(true)
          .map((sync) => sync.how);
        // Once: it stays, whatever is written meanwhile.
        expect(ways, `server ${sid}`).toEqual(['SNAP']);
      }
      await worker.close();
      await writing;
      expect(writer.count).toBeGreaterThan(100);
      for (const sid of learners) {
        const eye = await ensemble.client([sid]);
        await eye.sync('/');
        expect(await writer.missing(eye), `server ${sid}`).toEqual([]);
        await eye.close();
      }
      await same();
    }
  });

  it('a leader that logged alone, and died, gets a TRUNC from one of the other kind', async () => {
    await ensemble.lead(SINGLE);
    const writer = await ensemble.client([SINGLE]);
    await writer.create('/kept');
    await ensemble.kill(1, 3, OBSERVER_APACHE, OBSERVER_ZKT);
    const lost = ['/lost-1', '/lost-2'].map((path) => failure(writer.create(path)));
    await pause(100);
    await ensemble.kill(SINGLE);
    await Promise.all(lost);
    // Nothing may be written before it is back: a new epoch's transactions would call for a SNAP.
    await ensemble.start(1, 3);
    await ensemble.start(SINGLE);
    expect(await ensemble.synced(SINGLE)).toBe('TRUNC');
    await ensemble.start(OBSERVER_APACHE, OBSERVER_ZKT);
    const reader = await ensemble.client([SINGLE]);
    expect((await reader.getChildren('/')).children.filter((name) => name.startsWith('lost'))).toEqual([]);
    await reader.create('/after-truncation');
    await same();
  });
});
