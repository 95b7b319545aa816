/**
 * Ensembles of zkt: kill -9 of leader and followers in turn, under load, with everything judged that clients
 * saw. `ZKT_ENSEMBLE_KILLS` is how often (60 in a long run), `ZKT_FUZZ_SEED` chooses the run.
 */
import { afterAll, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { Ensemble, endAllEnsembles, eventually, pause } from './ensemble.ts';
import { JUDGED, JudgedWork } from './ensemble-history.ts';
import { only } from './ensemble-kinds.ts';
import type { Kind } from './servers.ts';

const KILLS = Number(process.env.ZKT_ENSEMBLE_KILLS ?? 4);
const SEED = Number(process.env.ZKT_FUZZ_SEED ?? 1);

afterAll(endAllEnsembles);

it.each([3, 5])(
  '%i servers, killed in turn under load',
  { timeout: 60_000 + KILLS * 20_000 },
  async (size) => {
    const kinds: Kind[] = only(Array.from({ length: size }, () => 'zkt' as const));
    const ensemble = await Ensemble.started({ participants: kinds, ...JUDGED });
    const run = new JudgedWork(ensemble.servers(), SEED);
    try {
      await run.begin(4);
      const { gaps, kills } = await killing(ensemble, run, new Prng(SEED * 7 + size));
      await pause(300);
      const rest = await run.rest();
      await ensemble.allServing();
      expect(await ensemble.differences()).toEqual([]);
      await settled(ensemble);
      await ensemble.kill(...ensemble.members.map((member) => member.sid));
      const { violations, figures } = run.judge(ensemble.members);
      const sorted = gaps.sort((a, b) => a - b).map(Math.round);
      const median = sorted[Math.floor(sorted.length / 2)];
      console.info({ size, ...kills, ...rest, ...figures, median, longest: sorted.at(-1) });
      expect(violations.slice(0, 10), `${violations.length} violations`).toEqual([]);
      expect(figures.resumed).toBeGreaterThan(4);
    } catch (error) {
      console.error(ensemble.tails(20));
      throw error;
    } finally {
      await run.close();
      await ensemble.end();
    }
  },
);

/**
 * Leader, follower, leader and a follower …; answers how long writes were away each time a leader died, ms.
 */
async function killing(ensemble: Ensemble, run: JudgedWork, prng: Prng) {
  const gaps: number[] = [];
  const kills = { leaders: 0, followers: 0 };
  for (let kill = 0; kill < KILLS; kill++) {
    // Mostly when all is well, now and then while some are still coming back.
    if (prng.chance(0.8)) await ensemble.allServing();
    await pause(prng.next() * 600);
    const leader = await ensemble.leader();
    const followers = ensemble.members.map((it) => it.sid).filter((sid) => sid !== leader);
    const victims = kill % 2 === 0 ? [leader] : [prng.pick(followers)];
    // Of five, two may be away.
    if (ensemble.members.length > 3 && prng.chance(0.5)) {
      victims.push(prng.pick(followers.filter((sid) => !victims.includes(sid))));
    }
    const since = systemClock.monotonicMs();
    await ensemble.kill(...victims);
    for (const sid of victims) run.committed.add(ensemble.member(sid), false);
    if (victims.includes(leader)) {
      kills.leaders++;
      gaps.push(await eventually('writes after the leader’s death', () => run.writesBackAfter(since)));
    } else kills.followers++;
    await pause(prng.next() * 300);
    for (const sid of victims) ensemble.member(sid).start();
  }
  await ensemble.allServing();
  return { gaps, kills };
}

/** All have logged the same last transaction. */
async function settled(ensemble: Ensemble): Promise<void> {
  await eventually('the same last zxid everywhere', async () => {
    const words = await Promise.all(ensemble.members.map((member) => member.word('srvr')));
    return new Set(words.map((text) => /^Zxid: (\S+)$/m.exec(text)?.[1])).size === 1;
  });
}
