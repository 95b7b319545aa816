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
    scenario: 'no-ack-before-disk.zkt',
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
    id: 'epoch-not-kept',
    title: 'The promise to hear no older leader is not written down.',
    patches: [
      {
        file: 'src/server/node/epochs.ts',
        find: `writeEpoch(this.disk, this.dir, 'acceptedEpoch', epoch);`,
        replace: ``,
      },
    ],
    scenario: 'leaders-die-in-turn.zkt',
  },
  {
    id: 'ZOOKEEPER-1818',
    title: 'Followers vote with the epoch before, and votes are compared by it: a late server never joins.',
    patches: [
      {
        file: 'src/server/election/ballot.ts',
        find: `return said.leader === leader;`,
        replace: `return sameVote(said, n);`,
      },
      {
        file: 'src/server/node/quorum-peer.ts',
        find: `this.elector.epochEstablished(epoch);`,
        replace: `if (decision.state === 'LEADING') this.elector.epochEstablished(epoch);`,
      },
    ],
    scenario: '1818-late-joiner.zkt',
  },
  {
    id: 'vote-without-zxid',
    title: 'The highest id wins the election, and leads whatever it lacks.',
    patches: [
      {
        file: 'src/server/election/vote.ts',
        find: `if (a.zxid !== b.zxid) return a.zxid > b.zxid ? 'zxid' : undefined;`,
        replace: ``,
      },
      {
        file: 'src/server/zab/discovery.ts',
        find: `if (!core.entered && current >= 0n && this.isAhead(current, zxid)) {`,
        replace: `if (current < -2n) {`,
      },
    ],
    scenario: 'full-disk.zkt',
  },
  {
    id: 'leads-alone',
    title: 'A leader serves before a quorum has the history of its epoch.',
    patches: [
      {
        file: 'src/server/zab/leader.ts',
        find: `if (!core.isQuorum((h) => h.hasHistory)) return;`,
        replace: ``,
      },
    ],
    scenario: '3911-served-before-it-is-safe.zkt',
  },
  {
    id: 'sync-before-apply',
    title: 'A follower answers a sync before it has applied what the leader had committed.',
    patches: [
      {
        file: 'src/server/zab/learner.ts',
        find: `if (next === undefined || !history.appliedUpTo(next)) return;`,
        replace: `if (next === undefined) return;`,
      },
    ],
    scenario: 'sync-on-a-slow-disk.zkt',
  },
  {
    id: 'read-overtakes-write',
    title: 'A read is answered before the writes its client sent ahead of it.',
    patches: [
      {
        file: 'src/server/node/final-stage.ts',
        find: `if (talk.order.length > 0) {`,
        replace: `if (talk.order.length > 1000) {`,
      },
    ],
    scenario: 'answers-in-order.zkt',
  },
  {
    id: 'ZOOKEEPER-1208',
    title: 'An ephemeral is made for a session whose end is under way, and outlives it.',
    patches: [
      {
        file: 'src/server/session/session-tracker.ts',
        find: `if (tracked.closing) return ERR.SESSIONEXPIRED;`,
        replace: ``,
      },
      {
        file: 'src/server/node/leader-sessions.ts',
        find: `return this.parts.tracker.get(id)?.closing === false;`,
        replace: `return this.parts.tracker.get(id) !== undefined;`,
      },
    ],
    scenario: '1208-ephemeral-after-the-end.zkt',
  },
  {
    id: 'no-watch-at-close',
    title: 'Ephemerals that go with their session tell no watch.',
    patches: [
      {
        file: 'src/server/tree/apply.ts',
        find: `for (const path of paths) applyDelete(tree, OP.delete, path, at, effects);`,
        replace: `for (const path of paths) {
          applyDelete(tree, OP.delete, path, at, { ...effects, deleted() {}, childrenChanged() {} });
        }`,
      },
    ],
    swarm: { kinds: ['kill', 'pause'] },
  },
];
