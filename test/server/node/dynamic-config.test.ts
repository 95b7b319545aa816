import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.ts';
import { Bus } from '../../../src/events/bus.ts';
import { loadConfig } from '../../../src/server/config/load-config.ts';
import { DynamicConfig } from '../../../src/server/node/dynamic-config.ts';
import type { Membership } from '../../../src/server/quorum/membership.ts';
import { membershipText, parseMembershipText } from '../../../src/server/quorum/membership-text.ts';
import { SimDisk, SimPowerCut } from '../../../src/sim/disk.ts';

const FILE = '/etc/zk/zoo.cfg';
const line = (id: number): string => `server.${id}=h:${id}:1${id}:participant;127.0.0.1:2${id}`;
const STATIC = ['dataDir=/data', 'initLimit=5', 'syncLimit=2', 'reconfigEnabled=true'];
const ZOO_CFG = [...STATIC, 'peerType=participant', line(1), line(2), line(3), ''].join('\n');

/** A configuration of these servers with that version. */
const config = (version: bigint, ...ids: number[]): Membership =>
  parseMembershipText([...ids.map(line), `version=${version.toString(16)}`].join('\n')) as Membership;

function newDisk(options: ConstructorParameters<typeof SimDisk>[0] = {}, text = ZOO_CFG): SimDisk {
  const disk = new SimDisk(options);
  disk.makeDir('/etc/zk');
  disk.plant(FILE, Buffer.from(text));
  return disk;
}

const clock = { wallMs: () => 0, monotonicMs: () => 0 };

/** What a start makes of the files. */
function open(disk: SimDisk, definitions: readonly string[] = []): DynamicConfig {
  const loaded = loadConfig(disk, { file: FILE, id: 1, definitions });
  return new DynamicConfig(
    { disk, events: new Bus('1', clock) },
    loaded,
    loaded.quorum.membership as Membership,
  );
}

const textOf = (disk: SimDisk, path: string): string | undefined =>
  disk.exists(path) ? disk.inode(path).content().toString() : undefined;

describe('the files', () => {
  test('move with the first configuration that has a version', () => {
    const disk = newDisk();
    const files = open(disk);
    expect(files.committed.version).toBe(0n);
    expect(textOf(disk, `${FILE}.bak`)).toBe(ZOO_CFG);
    expect(textOf(disk, FILE)).toBe(ZOO_CFG);
    files.seen(config(0x100000000n, 1, 2, 3));
    expect(textOf(disk, `${FILE}.dynamic.next`)).toContain('version=100000000');
    expect([files.committed.version, files.lastSeen.version]).toEqual([0n, 0x100000000n]);
    files.activate(files.lastSeen);
    expect(textOf(disk, `${FILE}.dynamic.next`)).toBeUndefined();
    expect(textOf(disk, `${FILE}.dynamic.100000000`)).toBe([1, 2, 3].map(line).join('\n'));
    expect(textOf(disk, FILE)).toMatch(/^dynamicConfigFile=\/etc\/zk\/zoo\.cfg\.dynamic\.100000000$/m);
    expect(textOf(disk, FILE)).not.toMatch(/server\.|peerType/);
    expect(membershipText(open(disk).committed)).toBe(membershipText(config(0x100000000n, 1, 2, 3)));
    expect(textOf(disk, `${FILE}.bak`)).toBe(ZOO_CFG);
  });

  test('what was seen is still known after a restart, and what is older than what is in force is not', () => {
    const disk = newDisk();
    open(disk).seen(config(5n, 1, 2));
    const again = open(disk);
    expect([again.committed.version, again.lastSeen]).toEqual([0n, config(5n, 1, 2)]);
    again.activate(config(7n, 1, 3));
    expect(again.lastSeen.version).toBe(7n);
    expect(disk.exists(`${FILE}.dynamic.next`)).toBe(false);
    again.seen(config(6n, 2, 3));
    again.activate(config(6n, 2, 3));
    expect([again.committed.version, again.lastSeen.version]).toEqual([7n, 7n]);
    disk.plant(`${FILE}.dynamic.next`, Buffer.from(membershipText(config(6n, 1, 2))));
    expect(open(disk).lastSeen.version).toBe(7n);
    expect(disk.exists(`${FILE}.dynamic.next`)).toBe(false);
  });

  test('a newer one seen outlives the activation of an older one', () => {
    const disk = newDisk();
    const files = open(disk);
    files.seen(config(9n, 1, 2));
    files.activate(config(8n, 1, 2, 3));
    const again = open(disk);
    expect([again.committed.version, again.lastSeen.version]).toEqual([8n, 9n]);
  });

  test('stay as they are where the membership may not change', () => {
    const disk = newDisk({}, ZOO_CFG.replace('reconfigEnabled=true', 'reconfigEnabled=false'));
    const files = open(disk);
    files.seen(config(5n, 1, 2));
    files.activate(config(5n, 1, 2));
    expect([files.committed.version, files.lastSeen.version]).toEqual([0n, 0n]);
    expect(disk.list('/etc/zk')).toEqual(['zoo.cfg']);
  });

  test('stay as they are where the members are on the command line; the change is in memory', () => {
    const disk = newDisk({}, [...STATIC, ''].join('\n'));
    const files = open(disk, [line(1), line(2)]);
    files.seen(config(5n, 1, 2, 3));
    files.activate(config(5n, 1, 2, 3));
    expect(files.committed.version).toBe(5n);
    expect(disk.list('/etc/zk')).toEqual(['zoo.cfg']);
  });

  test('a pending file that is none is an error that names it', () => {
    const disk = newDisk();
    disk.plant(`${FILE}.dynamic.next`, Buffer.from('server.1=nonsense'));
    expect(() => open(disk)).toThrow(/zoo\.cfg\.dynamic\.next: it describes no ensemble/);
  });
});

describe('a disk that fails', () => {
  test('says which file, and leaves memory as it was', () => {
    const fail = { on: false };
    const disk = newDisk({
      fault: (call) => (fail.on && call === 'rename' ? { code: 'EIO' } : undefined) as never,
    });
    const files = open(disk);
    fail.on = true;
    expect(() => files.seen(config(5n, 1, 2))).toThrow(/zoo\.cfg\.dynamic\.next/);
    expect(() => files.activate(config(5n, 1, 2))).toThrow(/zoo\.cfg/);
    expect([files.committed.version, files.lastSeen.version]).toEqual([0n, 0n]);
  });
});

describe('power is cut at every call', () => {
  /** What a server goes through; tells what it has been promised is on disk. */
  function life(disk: SimDisk, promised: (committed: bigint, seen: bigint) => void): void {
    const files = open(disk);
    const tell = (): void => promised(files.committed.version, files.lastSeen.version);
    tell();
    for (const [version, ids] of [
      [0x100000000n, [1, 2, 3]],
      [0x100000009n, [1, 2, 3, 4]],
      [0x200000002n, [1, 4]],
    ] as const) {
      files.seen(config(version, ...ids));
      tell();
      files.activate(files.lastSeen);
      tell();
    }
  }

  const IDS = new Map([
    [0n, '1 2 3'],
    [0x100000000n, '1 2 3'],
    [0x100000009n, '1 2 3 4'],
    [0x200000002n, '1 4'],
  ]);
  const idsOf = (m: Membership): string => m.members.map((it) => it.id).join(' ');

  const total = (() => {
    const disk = newDisk();
    const before = disk.calls;
    life(disk, () => {});
    return disk.calls - before;
  })();

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('what was promised is there, and nothing else (seed %i)', (seed) => {
    for (let at = 1; at <= total; at++) {
      let cutAt = Infinity;
      const disk: SimDisk = newDisk({
        fault: (_call, _path, n) => {
          if (n === cutAt) disk.powerCut();
          return undefined;
        },
      });
      cutAt = disk.calls + at;
      const known = { committed: 0n, seen: 0n };
      try {
        life(disk, (committed, seen) => Object.assign(known, { committed, seen }));
      } catch (thrown) {
        if (!(thrown instanceof SimPowerCut) && !disk.dead) throw thrown;
      }
      cutAt = Infinity;
      if (!disk.dead) disk.powerCut();
      disk.restart(new Prng(seed * 1009 + at));
      const where = `cut at call ${at} of ${total}, seed ${seed}`;
      const files = open(disk);
      const { committed, lastSeen } = files;
      expect(committed.version >= known.committed, where).toBe(true);
      expect(lastSeen.version >= known.seen, where).toBe(true);
      expect(lastSeen.version >= committed.version, where).toBe(true);
      expect(idsOf(committed), where).toBe(IDS.get(committed.version));
      expect(idsOf(lastSeen), where).toBe(IDS.get(lastSeen.version));
      // And life goes on.
      files.seen(config(0x900000000n, 1, 2));
      files.activate(files.lastSeen);
      expect(open(disk).committed.version, where).toBe(0x900000000n);
    }
  });
});
