/**
 * Three servers on three hosts (network namespaces) whose links are cut: writes are never acknowledged by a
 * minority, a leader that is alone steps down, and all is one again once the network heals. Everything that
 * clients saw is judged in the end.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import type { Client } from '../../src/client/index.ts';
import { Ensemble, endAllEnsembles, eventually, pause } from './ensemble.ts';
import { JUDGED, JudgedWork } from './ensemble-history.ts';
import { only } from './ensemble-kinds.ts';
import { Network, networkImpossible } from './network.ts';

/** How often links flap; more in a long run. */
const FLAPS = Number(process.env.ZKT_NETWORK_FLAPS ?? 5);
const TICK_MS = 500;
const SYNC_LIMIT = 4;
/** A leader notices at its ticks that its followers are silent; then it has to say so. */
const STEP_DOWN_MS = (SYNC_LIMIT + 2) * TICK_MS + 1000;

const impossible = networkImpossible();
if (impossible !== undefined) console.info(`no network of namespaces here: ${impossible}`);

describe.skipIf(impossible !== undefined)('three servers on three hosts', { timeout: 60_000 }, () => {
  let network: Network;
  let ensemble: Ensemble;
  let run: JudgedWork;
  beforeAll(async () => {
    network = Network.create(3);
    ensemble = await Ensemble.started({
      participants: only(['zkt', 'zkt', 'zkt']),
      place: (sid) => network.place(sid),
      ...JUDGED,
      config: [...JUDGED.config, `syncLimit=${SYNC_LIMIT}`],
    });
    run = new JudgedWork(ensemble.servers(), 1);
    await run.begin(3, 3);
  });
  afterAll(async () => {
    await run?.close();
    await endAllEnsembles();
    network?.remove();
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(task.result.errors?.[0]?.message, ensemble.tails(15));
    network.heal();
  });

  const others = (sid: number): number[] => [1, 2, 3].filter((it) => it !== sid);

  /** Heals, and waits until all three are one. */
  const heal = async (): Promise<void> => {
    network.heal();
    await ensemble.allServing().catch((error: Error) => {
      throw new Error(`after healing: ${error.message}`);
    });
  };

  /** How long the other two take to agree on one of them, ms. */
  const otherLeader = async (old: number): Promise<number> => {
    const begun = performance.now();
    await eventually('a leader among the others', async () => {
      const modes = await Promise.all(others(old).map((sid) => ensemble.member(sid).mode()));
      return modes.includes('leader');
    });
    return performance.now() - begun;
  };

  /** Waits until it says so itself; answers how long after `sinceMs` that was, ms. */
  const steppedDown = async (old: number, sinceMs: number): Promise<number> => {
    const led = async (): Promise<boolean> => (await ensemble.member(old).mode()) !== 'leader';
    await eventually('the old leader to step down', led, STEP_DOWN_MS);
    return performance.now() - sinceMs;
  };

  it('an isolated leader acknowledges nothing, steps down, and shows nothing old after a sync', async () => {
    const leader = await ensemble.leader();
    const minority = await run.join(ensemble.servers(leader));
    const majority = await run.join(ensemble.servers(...others(leader)));
    await minority.create('/isolated', 'before');
    network.isolate(leader);
    const cutAt = performance.now();
    const acknowledged: string[] = [];
    let healed = false;
    const tries = alone(minority, () => healed, acknowledged);
    const stepped = steppedDown(leader, cutAt);
    stepped.catch(() => {}); // it is waited for below
    const electedMs = await otherLeader(leader);
    await eventually('a write by the majority', () =>
      majority.set('/isolated', 'after').then(
        () => true,
        () => false,
      ),
    );
    const asked = minority.sync('/').then(() => minority.get('/isolated'));
    // Once the server has stepped down, the request waits for one that serves.
    const seen = await Promise.race([asked.catch(() => undefined), pause(STEP_DOWN_MS)]);
    if (seen) expect(seen.data?.toString(), 'read after a sync').toBe('after');
    const downMs = await stepped;
    await pause(500);
    expect(acknowledged).toEqual([]);
    healed = true;
    await heal();
    await tries;
    console.info(
      `isolated leader: another after ${Math.round(electedMs)} ms, stepped down after ${Math.round(downMs)} ms`,
    );
  });

  it('a leader that is heard no more, though it hears, is replaced', async () => {
    const leader = await ensemble.leader();
    const cutAt = performance.now();
    for (const sid of others(leader)) network.cutOneWay(leader, sid);
    await otherLeader(leader);
    await steppedDown(leader, cutAt);
    await heal();
  });

  it('a leader that hears no more, though it is heard, steps down', async () => {
    const leader = await ensemble.leader();
    const cutAt = performance.now();
    for (const sid of others(leader)) network.cutOneWay(sid, leader);
    await steppedDown(leader, cutAt);
    await otherLeader(leader);
    await heal();
  });

  it.each(['from', 'towards'])(
    'a follower cut one way, %s the leader, does not keep the others from their work',
    async (way) => {
      const leader = await ensemble.leader();
      const [follower, other] = others(leader) as [number, number];
      const client = await run.join(ensemble.servers(leader, other));
      await client.create(`/one-way-${way}`);
      if (way === 'from') network.cutOneWay(leader, follower);
      else network.cutOneWay(follower, leader);
      for (let i = 0; i < 10; i++) {
        await client.set(`/one-way-${way}`, `${i}`);
        await pause(STEP_DOWN_MS / 10);
      }
      expect(await ensemble.leader()).toBe(leader);
      await heal();
    },
  );

  it(`links that flap, of a follower and of the leader`, { timeout: 60_000 + FLAPS * 4000 }, async () => {
    const leader = await ensemble.leader();
    const [follower] = others(leader) as [number];
    await network.flap(follower, FLAPS, 700);
    await network.flap(leader, FLAPS, 700);
    await heal();
  });

  it('bursts of loss, in any direction', { timeout: 60_000 + FLAPS * 2000 }, async () => {
    const prng = new Prng(FLAPS);
    for (let i = 0; i < 4 * FLAPS; i++) {
      const from = 1 + prng.below(3);
      const to = prng.pick(others(from));
      network.cutOneWay(from, to);
      await pause(20 + prng.below(180));
      network.mend(from, to);
      await pause(prng.below(100));
    }
    await heal();
  });

  it('nothing of all that was lost, repeated or out of order', { timeout: 90_000 }, async () => {
    const rest = await run.rest();
    await ensemble.allServing();
    expect(await ensemble.differences()).toEqual([]);
    await ensemble.kill(1, 2, 3);
    const { violations, figures } = run.judge(ensemble.members);
    console.info({ ...rest, ...figures });
    if (only(['zkt'])[0] === 'zkt')
      expect(violations.slice(0, 10), `${violations.length} violations`).toEqual([]);
  });
});

/** Writes at a server that is alone; each gets its answer, but no good one before the network has healed. */
async function alone(client: Client, healed: () => boolean, acknowledged: string[]): Promise<void> {
  const tries: Promise<void>[] = [];
  for (let i = 0; !healed() && i < 200; i++) {
    const writing = client.set('/isolated', `alone ${i}`).then(
      () => {
        if (!healed()) acknowledged.push(`alone ${i}`);
      },
      () => {},
    );
    tries.push(writing);
    await pause(100);
  }
  await Promise.all(tries);
}
