/** Members of the other kind join and leave by reconfig, whoever leads. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client, ReconfigOptions } from '../../src/client/index.ts';
import { ERR } from '../../src/protocol/error-codes.ts';
import { findApache } from './apache.ts';
import { Ensemble, endAllEnsembles, eventually, pause } from './ensemble.ts';
import { only } from './ensemble-kinds.ts';
import { type Kind, other, SUPER } from './servers.ts';

afterAll(endAllEnsembles);

/** Members by their ids, as the configuration has them, and its version. */
async function membersOf(client: Client): Promise<{ sids: string; version: bigint }> {
  await client.sync('/');
  const text = (await client.getConfig()).data?.toString() ?? '';
  const sids = [...text.matchAll(/^server\.(\d+)=\S+:(participant|observer);/gm)];
  const version = /^version=([0-9a-f]+)$/m.exec(text)?.[1] ?? '';
  return {
    sids: sids.map(([, sid, role]) => `${sid}${role?.[0]}`).join(' '),
    version: BigInt(`0x${version}`),
  };
}

/** Repeats what a newcomer's lag or a lost connection kept from happening. */
async function reconfigure(client: Client, options: ReconfigOptions): Promise<void> {
  await eventually(`reconfig ${JSON.stringify(options)}`, async () => {
    try {
      await client.reconfig(options);
      return true;
    } catch (error) {
      const passing: readonly unknown[] = [ERR.CONNECTIONLOSS, ERR.NEWCONFIGNOQUORUM, ERR.RECONFIGINPROGRESS];
      if (!passing.includes((error as { code?: unknown }).code)) throw error;
      await pause(200);
      return false;
    }
  });
}

const KINDS: readonly Kind[] = ['zkt', 'Apache'];

describe.skipIf(findApache() === undefined).each(KINDS)('three of %s, reconfigured', (kind) => {
  let ensemble: Ensemble;
  let client: Client;
  /** 1 to 3 begin as members; 4 is of the other kind and comes later. */
  const FOREIGN = 4;
  beforeAll(async () => {
    ensemble = await Ensemble.plan({ participants: only([kind, kind, kind, other(kind)]), reconfig: true });
    const three = ensemble.lines.slice(0, 3);
    for (const sid of [1, 2, 3]) ensemble.member(sid).configure(three);
    // The newcomer knows whom to ask, and is a learner without a vote until it is taken in.
    ensemble.member(FOREIGN).configure(ensemble.lines);
    await ensemble.start(1, 2, 3);
    client = await ensemble.client([1, 2, 3], { auth: [SUPER], sessionTimeoutMs: 30_000 });
    await client.create('/kept', 'before');
  });
  afterAll(() => ensemble.end());
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(ensemble.tails(20));
  });

  it('one of the other kind joins, and serves as a member', async () => {
    const before = await membersOf(client);
    expect(before.sids).toBe('1p 2p 3p');
    const watch = client.watch();
    await client.getConfig(watch);
    const told = watch.next();
    await ensemble.start(FOREIGN);
    await reconfigure(client, { joining: ensemble.member(FOREIGN).line });
    await told;
    const after = await membersOf(client);
    expect(after.sids).toBe('1p 2p 3p 4p');
    expect(after.version).toBeGreaterThan(before.version);
    await eventually(
      'the newcomer to follow',
      async () => (await ensemble.member(FOREIGN).mode()) === 'follower',
    );
    const there = await ensemble.client([FOREIGN], { auth: [SUPER] });
    await there.set('/kept', 'at the newcomer');
    expect((await membersOf(there)).sids).toBe('1p 2p 3p 4p');
    await there.close();
    expect(await ensemble.differences()).toEqual([]);
  });

  it('it leads, and takes members out and in', async () => {
    // The largest id wins where all know the same.
    await ensemble.lead(FOREIGN);
    await client.connected(30_000);
    await reconfigure(client, { leaving: '1' });
    expect((await membersOf(client)).sids).toBe('2p 3p 4p');
    await ensemble.stop(1);
    await client.set('/kept', 'without 1');
    // Its files say by now that it is no member: it is told anew whom to ask.
    ensemble.member(1).configure(ensemble.lines);
    await ensemble.start(1);
    await reconfigure(client, { joining: ensemble.member(1).line });
    expect((await membersOf(client)).sids).toBe('1p 2p 3p 4p');
    await ensemble.serving(1, 2, 3, 4);
    expect(await ensemble.leader()).toBe(FOREIGN);
    expect(await ensemble.differences()).toEqual([]);
  });

  it('a member becomes an observer and a participant again', async () => {
    const { line } = ensemble.member(2);
    await reconfigure(client, { joining: line.replace(':participant;', ':observer;') });
    await eventually('2 to observe', async () => (await ensemble.member(2).mode()) === 'observer');
    await client.set('/kept', 'with an observer');
    await reconfigure(client, { joining: line });
    await eventually('2 to follow', async () => (await ensemble.member(2).mode()) === 'follower');
    expect(await ensemble.differences()).toEqual([]);
  });

  it('the leader of the other kind leaves: another leads without a pause that sessions feel', async () => {
    const session = client.sessionId;
    await reconfigure(client, { leaving: String(FOREIGN) });
    const leader = await eventually('another leader', async () => {
      const now = await ensemble.leader();
      return now === FOREIGN ? undefined : now;
    });
    await ensemble.stop(FOREIGN);
    await eventually('service', () =>
      client.set('/kept', 'after all').then(
        () => true,
        () => false,
      ),
    );
    expect(ensemble.member(leader).kind).toBe(ensemble.member(1).kind);
    expect((await membersOf(client)).sids).toBe('1p 2p 3p');
    expect(client.sessionId).toBe(session);
    await ensemble.serving(1, 2, 3);
    expect(await ensemble.differences()).toEqual([]);
  });

  it('the configuration outlives a restart of all', async () => {
    const before = await membersOf(client);
    await ensemble.stop(1, 2, 3);
    await ensemble.start(1, 2, 3);
    await client.connected(30_000);
    expect(await membersOf(client)).toEqual(before);
  });
});
