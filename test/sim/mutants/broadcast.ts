/** Bugs in broadcast, election and service. */
import type { Mutant } from './mutant.ts';

const PROPOSALS = 'src/server/zab/proposals.ts';

/** See the head of the file. */
export const BROADCAST_MUTANTS: readonly Mutant[] = [
  {
    id: 'ZOOKEEPER-1675',
    title: 'A leader answers a sync without asking whether it still leads.',
    patches: [
      {
        file: 'src/server/zab/confirmation.ts',
        find: `this.waiting.push(done);`,
        replace: `done(); return;`,
      },
    ],
    scenario: '915-sync-of-a-deposed-leader.zkt',
  },
  {
    id: 'half-a-quorum',
    title: 'Half of the voters are a quorum.',
    patches: [
      {
        file: 'src/server/quorum/quorums.ts',
        find: `return count > this.voters.length / 2;`,
        replace: `return count >= Math.floor(this.voters.length / 2);`,
      },
    ],
    scenario: 'no-quorum-no-leader.zkt',
  },
  {
    id: 'leader-acks-unsynced',
    title: 'The leader counts itself before its own disk has a transaction.',
    patches: [{ file: PROPOSALS, find: `return core.ownLogged >= this.asked;`, replace: `return true;` }],
  },
  {
    id: 'sent-is-acked',
    title: 'The leader takes what it has sent for what is on disk.',
    patches: [
      {
        file: PROPOSALS,
        find: `h.hasHistory && h.acked >= this.asked;`,
        replace: `h.hasHistory && h.sent >= this.asked;`,
      },
    ],
    scenario: 'no-ack-before-disk.zkt',
  },
  {
    id: 'follower-acks-unsynced',
    title: 'A follower acknowledges what it has received.',
    patches: [
      {
        file: 'src/server/zab/learner-history.ts',
        find: `return this.acks.take(this.backlog.loggedUpTo);`,
        replace: `return this.acks.take(this.backlog.lastReceived);`,
      },
    ],
    scenario: 'no-ack-before-disk.zkt',
  },
  {
    id: 'sync-error-ignored',
    title: 'An fsync that failed counts as one that did not.',
    patches: [
      {
        file: 'src/storage/txn-log.ts',
        find: `if (error !== undefined) this.fail(c.path, 'sync', error);\n      else this.settle(`,
        replace: `this.settle(`,
      },
    ],
    scenario: 'an-fsync-that-failed.zkt',
    swarm: { kinds: ['io-error', 'power', 'power-all'] },
  },
  {
    id: 'epoch-not-kept',
    title: 'The promise to hear no older leader is not written down.',
    patches: [
      {
        file: 'src/server/node/epochs.ts',
        find: `writeEpoch(this.disk, this.dir, 'acceptedEpoch', epoch);`,
        replace: ``,
      },
    ],
  },
  {
    id: 'ZOOKEEPER-1818',
    title: 'Votes of settled servers are compared by zxid and epoch as well: a server never joins.',
    patches: [
      {
        file: 'src/server/election/ballot.ts',
        find: `return said.leader === leader;`,
        replace: `return sameVote(said, n);`,
      },
    ],
    scenario: '1818-late-joiner.zkt',
  },
];
