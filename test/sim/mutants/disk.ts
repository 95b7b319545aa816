/** Bugs in what reaches the disk, and in what is believed of it at the next start. */
import type { Mutant } from './mutant.ts';

const STORE = 'src/server/node/store.ts';
const TXN_LOG = 'src/storage/txn-log.ts';

/** See the head of the file. */
export const DISK_MUTANTS: readonly Mutant[] = [
  {
    id: 'ZOOKEEPER-2332',
    title: 'A new log has its name before its header: killed in between, the server does not start.',
    patches: [
      {
        file: 'src/storage/log-file.ts',
        find: `this.file = disk.open(this.tempPath, 'create');`,
        replace: `this.file = disk.open(this.path, 'create'); this.tempPath = undefined;`,
      },
      {
        file: 'src/storage/log-replay.ts',
        find: `if (scan.header.kind !== 'ok') return this.withoutHeader(log, file, scan);`,
        replace: `if (scan.header.kind !== 'ok') this.corrupt(log.path, 0, 'it has no header');`,
      },
    ],
    scenario: '2332-log-without-a-header.zkt',
  },
  {
    id: 'log-name-unforced',
    title: 'The name of a new log is not forced to disk.',
    patches: [
      {
        file: TXN_LOG,
        find: `else if (this.publish(c)) this.deps.disk.syncDirSoon(this.options.dir, done);`,
        replace: `else if (this.publish(c)) done(undefined);`,
      },
    ],
    scenario: 'power-after-a-write.zkt',
  },
  {
    id: 'sync-error-ignored',
    title: 'An fsync that failed counts as one that did not.',
    patches: [
      {
        file: TXN_LOG,
        find: `if (error !== undefined) this.fail(c.path, 'sync', error);\n      else this.settle(`,
        replace: `this.settle(`,
      },
    ],
    scenario: 'an-fsync-that-failed.zkt',
    swarm: { kinds: ['io-error', 'power', 'power-all'] },
  },
  {
    id: 'cache-is-believed',
    title:
      'At start a server votes with what it read from the cache of its machine, and does not force that to disk.',
    patches: [
      {
        file: 'src/storage/recovery.ts',
        find: `if (!leaveDisk) secureLog(`,
        replace: `if (leaveDisk && !leaveDisk) secureLog(`,
      },
    ],
    scenario: 'believed-and-lost.zkt',
    swarm: { kinds: ['kill-some', 'kill-all', 'power', 'power-all', 'slow-sync'] },
  },
  {
    id: 'snapshot-unforced',
    title: 'A snapshot gets its name before it is forced to disk.',
    patches: [
      {
        file: 'src/storage/snapshot-writer.ts',
        find: `    this.syncing = true;
    file.syncSoon((error) => {
      this.syncing = false;
      if (this.over) file.close();
      else if (error !== undefined) this.fail('sync', error);
      else this.publish(file);
    });`,
        replace: `this.publish(file);`,
      },
    ],
    scenario: '2872-snapshot-not-on-disk.zkt',
  },
  {
    id: 'unsaved-database-kept',
    title: "A role ends while the leader's snapshot is being written, and the next one votes with it.",
    patches: [{ file: STORE, find: `if (this.unlikeDisk) this.reload();`, replace: `` }],
    scenario: 'snapshot-cut-short.zkt',
  },
  {
    id: 'ZOOKEEPER-2355-memory',
    title: 'A follower applies what is committed before it is on its own disk.',
    patches: [
      {
        file: 'src/server/zab/learner-backlog.ts',
        find: `(entry.logs && entry.zxid > this.loggedUpTo)`,
        replace: `false`,
      },
    ],
    scenario: 'full-disk.zkt',
    swarm: { kinds: ['slow-sync', 'no-space', 'kill-leader', 'isolate', 'pause'] },
  },
  {
    id: 'leader-ahead-of-its-disk',
    title: 'A leader applies what a quorum of others has, before its own disk does.',
    patches: [
      {
        file: 'src/server/node/leader-chain.ts',
        find: `const upTo = this.loggedZxid < this.committedZxid ? this.loggedZxid : this.committedZxid;`,
        replace: `const upTo = this.committedZxid;`,
      },
    ],
    scenario: 'full-disk.zkt',
    swarm: { kinds: ['slow-sync', 'no-space', 'kill-leader', 'isolate', 'pause'] },
  },
];
