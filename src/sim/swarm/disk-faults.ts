/** Faults of disks. */
import type { Prng } from '../../base/prng.ts';
import type { Cluster } from '../cluster.ts';
import type { SimDiskCall } from '../disk.ts';
import type { BegunFault, FaultKind } from './fault.ts';

const disk = (name: string, about: string, begin: FaultKind['begin']): FaultKind => ({
  name,
  group: 'disk',
  about,
  begin,
});

const TAKES_SPACE: ReadonlySet<SimDiskCall> = new Set(['write', 'create', 'truncate']);
const FAILING: readonly SimDiskCall[] = ['write', 'sync', 'syncDir', 'rename', 'create', 'truncate'];

/**
 * One call fails, and with it the process. What a failed fsync leaves in the cache of the machine is not to
 * be trusted: it is started again with the disk as it is, as after a reboot.
 */
function failsOnce(cluster: Cluster, random: Prng): BegunFault | undefined {
  const node = random.pick(cluster.nodes);
  if (node.diskFault !== undefined) return undefined;
  const call = random.pick(FAILING);
  let left = 1 + random.below(4);
  node.diskFault = (at) => {
    if (at !== call || --left > 0) return undefined;
    node.diskFault = undefined;
    return { code: 'EIO' };
  };
  return {
    text: `a ${call} of ${node.name} is to fail`,
    heal: () => {
      node.diskFault = undefined;
    },
  };
}

const READING: ReadonlySet<SimDiskCall> = new Set(['read', 'open', 'list']);

/** A write that gets through in part, and fails. */
function shortWrite(cluster: Cluster, random: Prng): BegunFault | undefined {
  const node = random.pick(cluster.nodes);
  if (node.diskFault !== undefined) return undefined;
  let left = 1 + random.below(10);
  const partialBytes = random.below(random.pick([8, 60, 600]));
  node.diskFault = (call) => {
    if (call !== 'write' || --left > 0) return undefined;
    node.diskFault = undefined;
    return { code: 'EIO', partialBytes };
  };
  return {
    text: `of a write of ${node.name} ${partialBytes} bytes are to get through`,
    heal: () => {
      node.diskFault = undefined;
    },
  };
}

/** A call that reads fails; a disk that is tried again may answer. */
function readFails(cluster: Cluster, random: Prng): BegunFault | undefined {
  const node = random.pick(cluster.nodes);
  if (node.diskFault !== undefined) return undefined;
  const call = random.pick([...READING]);
  let left = 1 + random.below(20);
  node.diskFault = (at) => {
    if (at !== call || --left > 0) return undefined;
    node.diskFault = undefined;
    return { code: 'EIO' };
  };
  // So that something is read.
  if (random.chance(0.6) && node.up && !node.paused) {
    node.kill();
    node.start();
  }
  return {
    text: `a ${call} of ${node.name} is to fail`,
    heal: () => {
      node.diskFault = undefined;
    },
  };
}

/** Beyond the basic ones. */
export const FURTHER_DISK_FAULTS: readonly FaultKind[] = [
  disk('short-write', 'A write gets through in part, and fails.', shortWrite),
  disk('read-error', 'A call that reads from a disk fails.', readFails),
];

/** See the head of the file. */
export const DISK_FAULTS: readonly FaultKind[] = [
  disk('slow-sync', 'Forcing data to disk takes long.', (cluster, random) => {
    const node = random.pick(cluster.nodes);
    node.slowSyncMs = random.pick([10, 100, 900]);
    return {
      text: `forcing data to disk takes ${node.name} up to ${node.slowSyncMs} ms`,
      heal: () => {
        node.slowSyncMs = 0;
      },
    };
  }),
  disk('no-space', 'A disk is full for a while.', (cluster, random) => {
    const node = random.pick(cluster.nodes);
    if (node.diskFault !== undefined) return undefined;
    const part = random.below(40);
    node.diskFault = (call) => (TAKES_SPACE.has(call) ? { code: 'ENOSPC', partialBytes: part } : undefined);
    return {
      text: `the disk of ${node.name} is full`,
      heal: () => {
        node.diskFault = undefined;
      },
    };
  }),
  disk('io-error', 'A call of a disk fails.', failsOnce),
];
