/**
 * An ensemble of Apache's servers becomes one of zkt's, one server after the other on the same data
 * directory, and back again, under clients that go on writing and see only reconnects; and mixed ensembles
 * whose servers are killed. `ZKT_ENSEMBLE_KILLS` is how often.
 */
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { findApache } from './apache.ts';
import { Ensemble, endAllEnsembles, pause } from './ensemble.ts';
import { only } from './ensemble-kinds.ts';
import { expectUnharmed, writersOf } from './ensemble-writer.ts';
import { type Kind, other } from './servers.ts';

const KILLS = Number(process.env.ZKT_ENSEMBLE_KILLS ?? 4);

let ensemble: Ensemble | undefined;
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(ensemble?.tails(20));
  await ensemble?.end();
});
afterAll(endAllEnsembles);

describe.skipIf(findApache() === undefined)('under clients that go on writing', () => {
  it('Apache to zkt and back on the same data directories', { timeout: 120_000 }, async () => {
    const [first] = only(['Apache']) as [Kind];
    ensemble = await Ensemble.started({ participants: [first, first, first] });
    const writers = await writersOf(ensemble);
    const writing = writers.map((writer) => writer.run());
    const leaders: Kind[] = [];
    for (const kind of only([other(first), first])) {
      // The followers first, the leader last.
      const leader = await ensemble.leader();
      const order = [1, 2, 3].filter((sid) => sid !== leader).concat(leader);
      for (const sid of order) {
        await pause(300);
        await ensemble.replace(sid, kind);
        await ensemble.serving(1, 2, 3);
        leaders.push(ensemble.member(await ensemble.leader()).kind);
      }
    }
    await pause(300);
    const told = await expectUnharmed(ensemble, writers, writing);
    console.info(`rolling replacement: leaders were ${leaders}; ${told}`);
    if (only(['zkt', 'Apache']).length === new Set(only(['zkt', 'Apache'])).size) {
      expect(new Set(leaders)).toEqual(new Set(['zkt', 'Apache']));
    }
  });

  const kinds: readonly Kind[] = ['zkt', 'Apache'];
  it.each(kinds)(
    'two of the one kind and one %s, killed in turn',
    { timeout: 60_000 + KILLS * 20_000 },
    async (single) => {
      const double = other(single);
      ensemble = await Ensemble.started({ participants: only([double, single, double]) });
      const writers = await writersOf(ensemble);
      const writing = writers.map((writer) => writer.run());
      const leaders: Kind[] = [];
      for (let kill = 0; kill < KILLS; kill++) {
        await pause(400);
        const leader = await ensemble.leader();
        leaders.push(ensemble.member(leader).kind);
        const victim = kill % 2 === 0 ? leader : (leader % 3) + 1;
        await ensemble.kill(victim);
        await pause(200);
        ensemble.member(victim).start();
        await ensemble.allServing();
      }
      const told = await expectUnharmed(ensemble, writers, writing);
      console.info(`killed ${KILLS} times: leaders were ${leaders}; ${told}`);
    },
  );
});
