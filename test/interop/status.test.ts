/** `zkt status` on ensembles of any kind: who is found, what is told, and what it says when some are gone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findApache } from './apache.ts';
import { Ensemble } from './ensemble.ts';
import type { Kind } from './servers.ts';
import { runZkt } from './zkt.ts';

const KINDS: readonly (readonly [string, readonly Kind[], Kind])[] = [
  ['Apache', ['Apache', 'Apache', 'Apache'], 'Apache'],
  ['zkt', ['zkt', 'zkt', 'zkt'], 'zkt'],
  ['mixed', ['zkt', 'Apache', 'zkt'], 'Apache'],
];

describe.skipIf(findApache() === undefined).each(KINDS)(
  'zkt status on %s',
  (_name, participants, observer) => {
    let ensemble: Ensemble;
    let leader: number;
    beforeAll(async () => {
      ensemble = await Ensemble.started({ participants, observers: [observer] });
      leader = await ensemble.leader();
    });
    afterAll(() => ensemble.end());
    const status = (servers: string, ...more: string[]) => runZkt(['status', '-s', servers, ...more]);

    it('finds all members from one of them', async () => {
      const ran = await status(ensemble.servers(1), '-o', 'json');
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      const told = JSON.parse(ran.stdout);
      expect(told).toMatchObject({
        v: 1,
        healthy: true,
        problems: [],
        leader: `server ${leader}`,
        epoch: expect.any(Number),
        voters: { serving: 3, total: 3 },
        observers: { serving: 1, total: 1 },
      });
      expect(told.servers.map((s: { id: number }) => s.id)).toEqual([1, 2, 3, 4]);
      expect(told.servers.map((s: { server: string }) => s.server).join()).toBe(ensemble.servers());
      for (const server of told.servers) {
        const mode = server.id === 4 ? 'observer' : server.id === leader ? 'leader' : 'follower';
        const version = expect.stringMatching(/^3\.8\.0/);
        expect(server).toMatchObject({ mode, version, lag: 0, nodes: 5, uptimeMs: expect.any(Number) });
        expect(server).not.toHaveProperty('problem');
      }
    });

    it('says who is gone, and when there is no quorum any more', async () => {
      await ensemble.kill(leader);
      await ensemble.leader();
      await ensemble.allServing();
      const left = [1, 2, 3].filter((sid) => sid !== leader);
      const some = await status(ensemble.servers(left[0] as number));
      expect(some.code).toBe(8);
      expect(some.stdout).toMatch(
        new RegExp(`^${leader} +127\\.0\\.0\\.1:\\d+ +cannot connect .*ECONNREFUSED`, 'm'),
      );
      expect(some.stdout).toMatch(
        /^Not healthy: server \d leads in epoch \d+; 2 of 3 voters serve; 1 of 1 /m,
      );
      await ensemble.kill(left[1] as number);
      await expect
        .poll(async () => (await status(ensemble.servers())).stdout, { timeout: 20_000 })
        .toMatch(
          /^- +127\.0\.0\.1:\d+ +not serving: it has no leader, or is not in step with it$[\s\S]*^Not healthy: no leader, so no quorum: 0 voters serve\.$/m,
        );
      await ensemble.kill(1, 2, 3, 4);
      expect((await status(ensemble.servers())).code).toBe(3);
    });
  },
);
