/** Bugs in what a learner takes over and promises: synchronisation, its log, its epochs. */
import type { Mutant, Patch } from './mutant.ts';

const LEARNER = 'src/server/zab/learner.ts';
const LEARNER_HISTORY = 'src/server/zab/learner-history.ts';
const LEARNER_SYNC = 'src/server/zab/learner-sync.ts';
const LEADER = 'src/server/zab/leader.ts';
const STORE = 'src/server/node/store.ts';

/** Proposals under way before NEWLEADER, as Apache's leader sends them; here they follow it. */
const APACHES_ORDER: readonly Patch[] = [
  { file: LEARNER_SYNC, find: `h.port.send(PACKET.NEWLEADER, start, text);`, replace: `` },
  {
    file: LEARNER_SYNC,
    find: `h.phase = 'newleader';`,
    replace: `h.port.send(PACKET.NEWLEADER, start, text); h.phase = 'newleader';`,
  },
];

/** See the head of the file. */
export const HISTORY_MUTANTS: readonly Mutant[] = [
  {
    id: 'ZOOKEEPER-1154',
    title: 'A learner with a transaction the leader never had gets a DIFF from there on, and keeps it.',
    patches: [
      {
        file: 'src/server/zab/sync-planner.ts',
        find: `if (found === peer) return missed(`,
        replace: `if (found > 0n) return missed(`,
      },
    ],
    scenario: '1154-logged-by-one.zkt',
  },
  {
    id: 'ZOOKEEPER-1549',
    title: 'A server snapshots what it replays at start; TRUNC cuts the log, and leaves that snapshot.',
    patches: [
      {
        file: 'src/server/node/open-database.ts',
        find: `if (recovery.kind === 'empty') {`,
        replace: `{`,
      },
      {
        file: 'src/storage/truncate.ts',
        find: `snapshots.filter((s) => s.zxid > zxid);`,
        replace: `snapshots.filter(() => false);`,
      },
    ],
    scenario: '1549-snapshot-of-a-stray.zkt',
  },
  {
    id: 'ZOOKEEPER-2845',
    title: 'A server votes and follows with the zxid of its memory, though its log holds more.',
    patches: [
      { file: STORE, find: `return this.logged;`, replace: `return this.current.lastZxid;` },
      { file: STORE, find: `if (entry.zxid > this.logged) continue;`, replace: `continue;` },
    ],
    scenario: '2845-in-memory-over-an-election.zkt',
  },
  {
    id: 'ZOOKEEPER-2872',
    title: "A learner acknowledges with the leader's snapshot in memory, before it is on disk.",
    patches: [{ file: LEARNER_HISTORY, find: `this.saving = true;`, replace: `` }],
    scenario: '2872-snapshot-not-on-disk.zkt',
  },
  {
    id: 'ZOOKEEPER-2099',
    title: "The log from before a leader's snapshot stays, and nobody notices the hole in it.",
    patches: [
      {
        file: 'src/storage/replacement.ts',
        find: `for (const file of [...logs, ...snapshots]) disk.remove(file.path);`,
        replace: ``,
      },
      {
        file: 'src/server/node/disk-history.ts',
        find: `if (before !== undefined && isHole(`,
        replace: `if (before === 0n && isHole(`,
      },
    ],
    scenario: '2099-log-with-a-hole.zkt',
  },
  {
    id: 'ZOOKEEPER-4685',
    title: 'Acknowledgements of proposals overtake that of NEWLEADER, and the leader lets go of the learner.',
    patches: [
      ...APACHES_ORDER,
      {
        file: LEARNER,
        find: `if (!this.joined) return;\n    for (const zxid of this.history.takeAcks())`,
        replace: `for (const zxid of this.history.takeAcks())`,
      },
      {
        file: LEARNER,
        find: `if (this.current === 'storing' && this.history.isOnDisk(`,
        replace: `this.acknowledge(); if (this.current === 'storing' && this.history.isOnDisk(`,
      },
      {
        file: LEADER,
        find: `this.proposals.acked(h, zxid);\n      return;`,
        replace: `if (h.phase === 'newleader') throw new BadPacket('an ACK before that of NEWLEADER');
          this.proposals.acked(h, zxid);
          return;`,
      },
    ],
    scenario: '4394-commit-behind-newleader.zkt',
  },
  {
    id: 'ZOOKEEPER-4394',
    title: 'Proposals from before NEWLEADER are forgotten when it comes: the COMMIT behind it finds none.',
    patches: [
      ...APACHES_ORDER,
      {
        file: LEARNER_HISTORY,
        find: `this.acks.newLeader(committedUpTo);`,
        replace: `this.acks.newLeader(committedUpTo);
          while (this.backlog.proposed.shift() !== undefined);`,
      },
    ],
    scenario: '4394-commit-behind-newleader.zkt',
  },
  {
    id: 'ZOOKEEPER-3701',
    title: 'A learner that cannot cut its log goes on as if it had.',
    patches: [
      {
        file: 'src/server/node/learner-role.ts',
        find: `if (!(thrown instanceof ZktError) || DISK_FAILURES.has(thrown.code)) throw thrown;`,
        replace: `if (thrown instanceof ZktError) return zxid;`,
      },
    ],
    scenario: '3701-truncation-fails.zkt',
  },
  {
    id: 'ZOOKEEPER-1489',
    title: 'The log stays open over TRUNC: what is appended lands behind zeros, which read as its end.',
    patches: [
      {
        file: STORE,
        find: `else log.close(settled);`,
        replace: `else {
          this.leaked = log;
          const wait = () => log.waiting === 0 ? settled() : this.world.timers.after(5, wait);
          log.flush();
          wait();
        }`,
      },
      {
        file: STORE,
        find: `invariant(this.openedLog === undefined, 'one role at a time');`,
        replace: `if (this.leaked !== undefined) {
          this.user = user;
          this.openedLog = this.leaked;
          return this.leaked;
        }`,
      },
    ],
    scenario: '1489-append-behind-a-cut.zkt',
  },
  {
    id: 'ZOOKEEPER-2355',
    title:
      'A server takes a DIFF for done when it begins: cut off in the middle of it, it votes with what it lacks.',
    patches: [
      {
        file: LEARNER,
        find: `this.current = 'syncing';\n    if (`,
        replace: `this.current = 'syncing';
          if (type === PACKET.DIFF) this.effects.parts.store.logged = zxid;
          if (`,
      },
    ],
    scenario: '2355-diff-that-never-ends.zkt',
  },
  {
    id: 'ZOOKEEPER-3911',
    title: 'NEWLEADER is acknowledged before the transactions of a DIFF are on disk.',
    patches: [
      {
        file: LEARNER,
        find: `if (this.current === 'storing' && this.history.isOnDisk(this.newLeaderAfter)) {`,
        replace: `if (this.current === 'storing') {`,
      },
    ],
    scenario: '3911-served-before-it-is-safe.zkt',
  },
  {
    id: 'ZOOKEEPER-4643',
    title: 'currentEpoch is written before the history it stands for.',
    patches: [
      {
        file: LEARNER,
        find: `this.current = 'storing';`,
        replace: `this.current = 'storing'; this.effects.enterEpoch(this.epoch);`,
      },
    ],
    scenario: '4643-epoch-before-history.zkt',
  },
  {
    id: 'ZOOKEEPER-4646',
    title: 'The ACK of NEWLEADER leaves while the transactions before it are still being written.',
    patches: [
      {
        file: LEARNER,
        find: `if (this.current === 'storing' && this.history.isOnDisk(this.newLeaderAfter)) {`,
        replace: `if (this.current === 'storing') {`,
      },
      { file: LEARNER, find: `this.effects.enterEpoch(this.epoch);`, replace: `` },
      {
        file: LEARNER,
        find: `this.acknowledge();\n    this.applyDue();`,
        replace: `this.acknowledge();
          if (this.joined && this.history.isOnDisk(this.newLeaderAfter)) this.effects.enterEpoch(this.epoch);
          this.applyDue();`,
      },
    ],
    scenario: '3911-served-before-it-is-safe.zkt',
  },
  {
    id: 'ZOOKEEPER-4712',
    title: 'A role ends before its log does: memory misses what the log still takes in.',
    patches: [
      {
        file: STORE,
        find: `else log.close(settled);`,
        replace: `else { log.close(() => {}); settled(); }`,
      },
    ],
    scenario: '4712-role-ends-while-logging.zkt',
  },
  {
    id: 'ZOOKEEPER-5010',
    title: 'What TRUNC cuts off the log stays in memory.',
    patches: [
      {
        file: STORE,
        find: `this.reload();\n  }`,
        replace: `this.committedLog.clear(); this.logged = zxid; }`,
      },
    ],
    scenario: '5010-ephemeral-of-a-dead-leader.zkt',
  },
  {
    id: 'ZOOKEEPER-2307',
    title: 'A server that died between logging a new epoch and writing currentEpoch does not start.',
    patches: [
      {
        file: 'src/server/node/epochs.ts',
        find: `if (current < last) {`,
        replace: `if (current < last) throw new ZktError('ZKT_EPOCH', { dir, why: 'currentEpoch is too old' });
          if (current < last) {`,
      },
    ],
    scenario: '2307-logged-before-the-epoch.zkt',
  },
];
