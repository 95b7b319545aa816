import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.ts';
import { Bus } from '../../../src/events/bus.ts';
import { encode } from '../../../src/jute/schema.ts';
import { systemCompression } from '../../../src/platform/compression.ts';
import type { DiskError } from '../../../src/ports/disk.ts';
import { OPEN_ACL } from '../../../src/protocol/acl.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import { STAT_PERSISTED_BYTES } from '../../../src/protocol/stat.ts';
import { CreateTxn, TxnHeader } from '../../../src/protocol/txn.ts';
import { loadConfig } from '../../../src/server/config/load-config.ts';
import { Database } from '../../../src/server/node/database.ts';
import { Store } from '../../../src/server/node/store.ts';
import { SimDisk, type SimDiskFault } from '../../../src/sim/disk.ts';
import { MemoryNet } from '../../../src/sim/net.ts';
import { HandClock } from '../net/fake-service.ts';
import { testSecrets } from '../secrets.ts';

/** Epoch 1, counter `n`. */
const z = (n: number): bigint => (1n << 32n) + BigInt(n);

const entryOf = (zxid: bigint): Buffer =>
  Buffer.concat([
    encode(TxnHeader, { clientId: 7n, cxid: 1, zxid, time: 1000n, type: OP.create }),
    encode(CreateTxn, {
      path: `/n${zxid & 0xffffn}`,
      data: Buffer.from('x'),
      acl: OPEN_ACL,
      ephemeral: false,
      parentCVersion: Number(zxid & 0xffffn),
    }),
  ]);

function storeOn(disk: SimDisk, hands = new HandClock()): Store {
  const config = loadConfig(disk, { dataDir: '/data', port: 0, definitions: ['zookeeper.preAllocSize=4'] });
  const world = {
    clock: hands,
    timers: hands,
    net: new MemoryNet(),
    random: new Prng(1),
    secrets: testSecrets,
    disk,
    compression: systemCompression,
    events: new Bus('1', hands),
  };
  const failed = (error: Error): void => {
    throw error;
  };
  return new Store(config, world, { failed });
}

/** What memory holds, and what a restart would find. */
const held = ({ lastLogged, database }: Store): unknown[] => [
  lastLogged,
  database.lastZxid,
  database.tree.digest.value(),
];

/** A store with transactions 1 to `count` logged and applied, in several files; no role runs. */
async function filled(disk: SimDisk, count: number, clock = new HandClock()): Promise<Store> {
  const store = storeOn(disk, clock);
  const log = store.openLog({ logged() {}, spaceBack() {} });
  for (let n = 1; n <= count; n++) {
    if (n % 4 === 0) log.roll();
    store.append({ zxid: z(n), bytes: entryOf(z(n)) });
    log.flush();
    disk.runPending();
  }
  const settled = store.settle();
  disk.runPending();
  await settled;
  return store;
}

describe('what is pending when a role ends', () => {
  it('is applied bit by bit', async () => {
    /** Every look at it takes 3 ms. */
    class SlowClock extends HandClock {
      slices = 1;
      private asked = 0;
      override monotonicMs = (): number => {
        this.asked += 3;
        return this.asked;
      };
      override soon(fn: () => void): void {
        this.slices++;
        setImmediate(fn);
      }
    }
    const disk = new SimDisk();
    const clock = new SlowClock();
    const store = storeOn(disk, clock);
    const log = store.openLog({ logged() {}, spaceBack() {} });
    for (let n = 1; n <= 1000; n++) store.append({ zxid: z(n), bytes: entryOf(z(n)) });
    log.flush();
    const settled = store.settle();
    disk.runPending();
    expect(store.database.lastZxid).toBeLessThan(z(1000));
    await settled;
    expect(clock.slices).toBeGreaterThan(5);
    expect(held(store)).toEqual(held(storeOn(disk.copy('live'))));
    expect(store.committedLog.max).toBe(z(1000));
  });
});

describe('a snapshot from a leader that a transaction behind it completes', () => {
  it('takes the place of what was there only when it is whole', async () => {
    const disk = new SimDisk();
    const clock = new HandClock();
    const store = await filled(disk, 5, clock);
    const before = held(store);
    const database = new Database(store.database.tree.options, () => {});
    const sink = database.sink();
    for (const path of ['', '/n9']) {
      sink.node(path, Buffer.alloc(STAT_PERSISTED_BYTES), 0, 0, path === '' ? -1n : 7n, 0);
    }
    database.finishSnapshot();
    database.loaded(z(8), undefined);
    store.replaceDatabase(database);
    expect(store.database.lacking()).toMatch(/7/);
    expect(held(storeOn(disk.copy('live')))).toEqual(before);
    store.applyUnseen({ zxid: z(9), bytes: entryOf(z(9)) });
    expect(store.database.lacking()).toBeUndefined();
    const saved = new Promise<boolean>((done) => store.saveReplacement(done));
    for (let i = 0; i < 50; i++) {
      disk.runPending();
      clock.endTurn();
      clock.pass(5);
      await new Promise((turn) => setImmediate(turn));
    }
    expect(await saved).toBe(true);
    expect(store.lastLogged).toBe(z(9));
    expect(held(storeOn(disk.copy('live')))).toEqual(held(store));
  });
});

describe('a history that is cut back', () => {
  it('is what memory holds then', async () => {
    const disk = new SimDisk();
    const store = await filled(disk, 11);
    expect(store.lastLogged).toBe(z(11));
    store.truncate(z(5));
    expect(store.lastLogged).toBe(z(5));
    expect(held(store)).toEqual(held(storeOn(disk.copy('live'))));
  });

  it('half, for want of space: memory is what the disk has, once the role has ended', async () => {
    let failures = 0;
    for (let n = 1; n < 60; n++) {
      let at = Number.POSITIVE_INFINITY;
      const fault: SimDiskFault = { code: 'ENOSPC' };
      const disk: SimDisk = new SimDisk({ fault: (_call, _path, call) => (call === at ? fault : undefined) });
      const store = await filled(disk, 11);
      at = disk.calls + n;
      let thrown: DiskError | undefined;
      try {
        store.truncate(z(2));
      } catch (error) {
        thrown = error as DiskError;
      }
      at = Number.POSITIVE_INFINITY;
      // Anything but a lack of space ends the process.
      if (thrown?.code !== 'ENOSPC') continue;
      failures++;
      await store.settle();
      expect([n, ...held(store)]).toEqual([n, ...held(storeOn(disk.copy('live')))]);
    }
    expect(failures).toBeGreaterThan(5);
  });
});
