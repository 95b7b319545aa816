/**
 * `zkt status` on ensembles of Apache's servers: who is found, what is told, and what it says when some are
 * gone.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findApache } from './apache.ts';
import { type ApacheEnsemble, startApacheEnsemble } from './apache-ensemble.ts';
import { runZkt } from './zkt.ts';

describe.skipIf(findApache() === undefined)('zkt status on Apache', () => {
  let ensemble: ApacheEnsemble;
  beforeAll(async () => {
    ensemble = await startApacheEnsemble({ voters: 3, observers: 1, clientPorts: true });
  }, 60_000);
  afterAll(() => ensemble.remove());

  it('finds all members from one of them', async () => {
    const [one] = ensemble.servers;
    const ran = await runZkt(['status', '-s', one?.address ?? '', '-o', 'json']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const told = JSON.parse(ran.stdout);
    expect(told).toMatchObject({
      v: 1,
      healthy: true,
      problems: [],
      leader: expect.stringMatching(/^server [123]$/),
      epoch: 1,
      voters: { serving: 3, total: 3 },
      observers: { serving: 1, total: 1 },
    });
    expect(told.servers.map((s: { id: number }) => s.id)).toEqual([1, 2, 3, 4]);
    expect(told.servers.map((s: { server: string }) => s.server)).toEqual(
      ensemble.servers.map((s) => s.address),
    );
    for (const server of told.servers) {
      expect(server).toMatchObject({ version: '3.8.0', lag: 0, nodes: 5, uptimeMs: expect.any(Number) });
      expect(server).not.toHaveProperty('problem');
    }
    const modes = told.servers.map((s: { mode: string }) => s.mode).sort();
    expect(modes).toEqual(['follower', 'follower', 'leader', 'observer']);
  });

  it('says who is gone, and when there is no quorum any more', async () => {
    const [one, two, three, four] = ensemble.servers;
    await three?.kill();
    await one?.awaitServing();
    await two?.awaitServing();
    await four?.awaitServing();
    const some = await runZkt(['status', '-s', one?.address ?? '']);
    expect(some.code).toBe(8);
    expect(some.stdout).toMatch(/^3 +127\.0\.0\.1:\d+ +cannot connect .*ECONNREFUSED/m);
    expect(some.stdout).toMatch(/^Not healthy: server [12] leads in epoch 2; 2 of 3 voters serve; 1 of 1 /m);
    await two?.kill();
    await expect
      .poll(async () => (await runZkt(['status', '-s', ensemble.addresses])).stdout)
      .toMatch(
        /^- +127\.0\.0\.1:\d+ +not serving: it is looking for a leader$[\s\S]*^Not healthy: no leader, so no quorum: 0 voters serve\.$/m,
      );
    await one?.kill();
    await four?.kill();
    expect((await runZkt(['status', '-s', ensemble.addresses])).code).toBe(3);
  }, 60_000);
});
