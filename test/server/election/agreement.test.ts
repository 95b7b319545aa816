import { describe, expect, test } from 'vitest';
import { betterBy, sameVote, type Vote } from '../../../src/server/election/vote.ts';
import { Quorums } from '../../../src/server/quorum/quorums.ts';
import { ShakenEnsemble } from './shaken-ensemble.ts';
import { membershipOf } from './transcript.ts';

const ENSEMBLES: [string, Quorums][] = [
  ['three', new Quorums(membershipOf('1 2 3'))],
  ['five', new Quorums(membershipOf('1 2 3 4 5'))],
  ['three and two observers', new Quorums(membershipOf('1 2 3 4o 5o'))],
  [
    'two groups and a server without weight',
    new Quorums(membershipOf('1 2 3 4 5 6', ['group.1=1:2:3', 'group.2=4:5:6', 'weight.6=0'])),
  ],
  ['two configurations', new Quorums(membershipOf('1 2 3'), membershipOf('2 3 4'))],
];

/** The vote that should win when all of these take part. */
function bestOf(e: ShakenEnsemble, quorums: Quorums): Vote {
  const votes = quorums.current.voters.map((sid) => ({ leader: sid, ...e.server(sid).candidate }));
  return votes.reduce((a, b) =>
    betterBy(b, a, (sid) => quorums.current.weightOf(sid)) === undefined ? a : b,
  );
}

describe.each(ENSEMBLES)('%s', (_name, quorums) => {
  test('servers that start together agree on the best, whatever the order of the words', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const e = new ShakenEnsemble(seed, quorums, { delayMsMax: 40, loss: 0 });
      const best = bestOf(e, quorums);
      for (const sid of e.servers.keys()) e.after(0, () => e.start(sid));
      e.runTo(2000);
      for (const server of e.servers.values()) {
        const { decision } = server;
        if (decision === undefined) throw new Error(`seed ${seed}: server ${server.sid} has not decided`);
        expect([seed, server.sid, decision.leader, server.looks, server.established]).toEqual([
          seed,
          server.sid,
          best.leader,
          1,
          true,
        ]);
        expect(sameVote(decision, best) || decision.state !== 'LEADING').toBe(true);
      }
    }
  });

  test('under losses and deaths one leader comes out in the end, with everybody behind it', () => {
    for (let seed = 1; seed <= 150; seed++) {
      const e = new ShakenEnsemble(seed, quorums, { delayMsMax: 60, loss: 0.2 });
      const sids = [...e.servers.keys()];
      for (const sid of sids) e.after(e.random.below(500), () => e.start(sid));
      for (let i = 0; i < 6; i++) {
        const sid = e.random.pick(sids);
        const at = 500 + e.random.below(4000);
        e.after(at, () => e.kill(sid));
        e.after(at + e.random.below(600), () => {
          if (e.server(sid).machine === undefined) e.start(sid);
        });
      }
      e.runTo(12_000);
      const leaders = new Set(e.followed.values());
      expect([seed, e.followed.size, leaders.size]).toEqual([seed, sids.length, 1]);
    }
  });
});
