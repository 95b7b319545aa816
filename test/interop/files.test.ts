/** Apache's tools on files that zkt's storage wrote, and both tools side by side on files of odd content. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import * as log from '../../src/cli/commands/log.ts';
import * as snapshot from '../../src/cli/commands/snapshot.ts';
import { SILENT } from '../../src/events/bus.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { systemCompression } from '../../src/platform/compression.ts';
import { systemDisk } from '../../src/platform/disk.ts';
import { OP } from '../../src/protocol/opcodes.ts';
import { StatPersisted } from '../../src/protocol/stat.ts';
import {
  CloseSessionTxn,
  CreateContainerTxn,
  CreateTtlTxn,
  CreateTxn,
  DeleteTxn,
  MultiTxn,
  SetAclTxn,
  SetDataTxn,
  TxnDigest,
  TxnHeader,
} from '../../src/protocol/txn.ts';
import { dataDirs } from '../../src/storage/data-dir.ts';
import { planPurge } from '../../src/storage/purge.ts';
import type { SnapshotSource } from '../../src/storage/snapshot-format.ts';
import { writeSnapshotNow } from '../../src/storage/snapshot-writer.ts';
import { TxnLog } from '../../src/storage/txn-log.ts';
import { runTool } from '../cli/commands/file-tool.ts';
import { findApache, purgeTxnLog, snapshotFormatter, txnLogToolkit } from './apache.ts';

process.env.TZ = 'UTC';

const ACL = [
  { perms: 31, id: { scheme: 'world', id: 'anyone' } },
  { perms: 5, id: { scheme: 'digest', id: 'a,b}:%\n' } },
];
const NAMES = ['a', 'zk', 'größe', '漢字', 'with blank', 'Aa', 'BB', 'x,y', "it's", 'p%q', 'lock-0000000001'];

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'zkt-files-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

/** A transaction of chance, written to an entry. */
function writeTxn(w: JuteWriter, zxid: bigint, prng: Prng): void {
  const name = `/${prng.pick(NAMES)}/${prng.pick(NAMES)}`;
  const data = prng.chance(0.2)
    ? null
    : Buffer.from(prng.pick(['', 'v', 'žluť', 'two\nlines', 'x'.repeat(300)]));
  const acl = prng.chance(0.5) ? ACL : [];
  const create = { path: name, data, acl, ephemeral: prng.chance(0.3), parentCVersion: prng.below(9) };
  const types = [
    OP.create,
    OP.create2,
    OP.createContainer,
    OP.createTTL,
    OP.delete,
    OP.setData,
    OP.setACL,
    OP.closeSession,
    OP.multi,
  ];
  const type = prng.pick(types);
  const time = 1_700_000_000_000n + zxid * 3_777_777n;
  TxnHeader.write(w, { clientId: BigInt(prng.uint32()) << 24n, cxid: prng.below(2 ** 31), zxid, time, type });
  if (type === OP.create || type === OP.create2) CreateTxn.write(w, create);
  else if (type === OP.createContainer) CreateContainerTxn.write(w, create);
  else if (type === OP.createTTL) CreateTtlTxn.write(w, { ...create, ttl: 5000n });
  else if (type === OP.delete) DeleteTxn.write(w, { path: name });
  else if (type === OP.setData) SetDataTxn.write(w, { path: name, data, version: prng.below(100) });
  else if (type === OP.setACL) SetAclTxn.write(w, { path: name, acl, version: prng.below(100) });
  else if (type === OP.closeSession)
    CloseSessionTxn.write(w, { paths2Delete: prng.chance(0.5) ? [name, '/e'] : [] });
  else {
    const part = new JuteWriter();
    SetDataTxn.write(part, { path: name, data, version: 1 });
    MultiTxn.write(w, {
      txns: [
        { type: OP.setData, data: part.copy() },
        { type: OP.error, data: Buffer.alloc(4, 255) },
      ],
    });
  }
  TxnDigest.write(w, { version: 2, treeDigest: BigInt(prng.uint32()) });
}

/** Writes `count` transactions, rolling now and then; resolves when all are on disk and the log is closed. */
function writeLogs(logDir: string, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const owner = {
      synced: (upTo: bigint) => {
        if (upTo < BigInt(count)) return;
        txnLog.close(resolve);
      },
      failed: reject,
      full: () => {},
      spaceBack: () => {},
    };
    const options = {
      dir: logDir,
      preAllocBytes: 65536,
      forceSync: true,
      sizeLimitBytes: 0,
      slowSyncMs: 1000,
    };
    const txnLog = new TxnLog({ disk: systemDisk, clock: systemClock, events: SILENT }, owner, options);
    const prng = new Prng(7);
    const more = (zxid: number): void => {
      for (let i = 0; i < 40 && zxid <= count; i++, zxid++) {
        writeTxn(txnLog.beginEntry(), BigInt(zxid), prng);
        txnLog.endEntry();
      }
      txnLog.flush();
      if (prng.chance(0.2)) txnLog.roll();
      if (zxid <= count) setImmediate(idle, zxid);
    };
    // A roll is for the next batch: on a slow disk several would come to one.
    const idle = (zxid: number): void => {
      if (txnLog.waiting === 0) more(zxid);
      else setImmediate(idle, zxid);
    };
    more(1);
  });
}

/** A tree of chance; names that collide in Java's hash tables among them. */
class RandomTree implements SnapshotSource {
  readonly zxid = 0x77n;
  readonly sessions = Array.from({ length: 50 }, (_, i) => ({
    id: (BigInt(i * 7919) << 37n) | BigInt(i),
    timeout: 1000 * i,
  }));
  readonly acls = [{ key: 1n, acl: ACL }];
  nodesWritten = 0;
  private readonly nodes: { path: string; data: Buffer | null; stat: StatPersisted }[] = [];

  constructor(count: number, prng: Prng) {
    const stat = (owner: bigint): StatPersisted => ({
      czxid: BigInt(prng.below(100)),
      mzxid: BigInt(prng.below(300)),
      ctime: BigInt(1_600_000_000_000 + prng.uint32()),
      mtime: BigInt(1_600_000_000_000 + prng.uint32()),
      version: prng.below(10),
      cversion: prng.below(1000),
      aversion: -prng.below(2),
      ephemeralOwner: owner,
      pzxid: BigInt(prng.below(300)),
    });
    this.nodes.push({ path: '', data: Buffer.alloc(0), stat: stat(0n) });
    this.nodes.push({ path: '/zookeeper', data: Buffer.alloc(0), stat: stat(0n) });
    this.nodes.push({ path: '/zookeeper/quota', data: Buffer.alloc(0), stat: stat(0n) });
    const parents = [''];
    const seen = new Set(['/zookeeper']);
    while (this.nodes.length < count) {
      const parent = prng.chance(0.6) ? (parents[0] as string) : prng.pick(parents);
      const name = prng.chance(0.2) ? prng.pick(NAMES) : `n-${prng.below(1_000_000)}`;
      const full = `${parent}/${name}`;
      if (seen.has(full)) continue;
      seen.add(full);
      const owner = prng.chance(0.1) ? prng.pick(this.sessions).id : 0n;
      this.nodes.push({
        path: full,
        data: prng.chance(0.1) ? null : Buffer.alloc(prng.below(90), 'd'),
        stat: stat(owner),
      });
      if (owner === 0n && prng.chance(0.1)) parents.push(full);
    }
  }

  writeNodes(w: JuteWriter, budget: number): boolean {
    const limit = w.pos + budget;
    while (this.nodesWritten < this.nodes.length && w.pos < limit) {
      const node = this.nodes[this.nodesWritten++] as (typeof this.nodes)[number];
      w.writeString(node.path);
      w.writeBuffer(node.data);
      w.writeLong(this.nodesWritten % 3 === 0 ? 1n : -1n);
      StatPersisted.write(w, node.stat);
    }
    return this.nodesWritten === this.nodes.length;
  }

  digest(): { zxid: bigint; version: number; digest: bigint } {
    return { zxid: this.zxid, version: 2, digest: 1n };
  }
}

describe.skipIf(findApache() === undefined)('files that zkt wrote', () => {
  it('logs are read by TxnLogToolkit as by zkt log dump', async () => {
    const logDir = path.join(dir, 'logs');
    mkdirSync(logDir);
    await writeLogs(logDir, 2000);
    const files = readdirSync(logDir);
    expect(files.length).toBeGreaterThan(3);
    let last = 0;
    for (const name of files) {
      const file = path.join(logDir, name);
      const theirs = await txnLogToolkit([file]);
      const ours = await runTool(log, ['dump', file]);
      expect(theirs.code).toBe(0);
      expect(ours.out).toBe(theirs.stdout);
      last += Number(/EOF reached after (\d+) txns/.exec(theirs.stdout)?.[1]);
    }
    expect(last).toBe(2000);
    expect((await runTool(log, ['verify', files.map((f) => path.join(logDir, f))[0] as string])).code).toBe(
      0,
    );
  });

  it.each(['none', 'gz', 'snappy'] as const)(
    'a snapshot (%s) is read by SnapshotFormatter as by zkt snapshot dump',
    async (compression) => {
      const snapDir = path.join(dir, `snap-${compression}`);
      mkdirSync(snapDir);
      const deps = { disk: systemDisk, compression: systemCompression };
      const options = { dir: snapDir, compression, lastProcessedZxid: compression === 'gz' };
      const file = writeSnapshotNow(deps, options, new RandomTree(20_000, new Prng(5)));
      for (const flags of [[], ['-d']]) {
        const theirs = await snapshotFormatter([...flags, file]);
        const ours = await runTool(snapshot, ['dump', ...flags, file]);
        expect(theirs.code).toBe(0);
        // Not `toBe`: a difference of megabytes takes minutes to be shown.
        expect(ours.out === theirs.stdout, firstDifference(ours.out, theirs.stdout)).toBe(true);
      }
    },
  );

  it('a purge removes what PurgeTxnLog removes', async () => {
    const dataDir = path.join(dir, 'purge');
    mkdirSync(path.join(dataDir, 'version-2'), { recursive: true });
    const good = Buffer.concat([Buffer.alloc(30), Buffer.from([0, 0, 0, 1, 0x2f])]);
    for (const zxid of ['1', '5', '9', 'd', '11', '15']) {
      const bytes = zxid === 'd' ? good.subarray(0, 20) : good;
      writeFileSync(path.join(dataDir, 'version-2', `snapshot.${zxid}`), bytes);
    }
    for (const zxid of ['1', '4', '7', '9', 'a', '10', '14']) {
      writeFileSync(path.join(dataDir, 'version-2', `log.${zxid}`), good);
    }
    const plan = planPurge(systemDisk, dataDirs(systemDisk, dataDir), 3).map((file) => path.basename(file));
    const before = readdirSync(path.join(dataDir, 'version-2'));
    const { code, stderr } = await purgeTxnLog([dataDir, dataDir, '-n', '3']);
    expect([code, stderr]).toEqual([0, '']);
    const left = new Set(readdirSync(path.join(dataDir, 'version-2')));
    expect(plan.sort()).toEqual(before.filter((name) => !left.has(name)).sort());
    expect(plan.length).toBeGreaterThan(3);
  });
});

function firstDifference(a: string, b: string): string {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return `at ${at}: ${JSON.stringify(a.slice(at - 80, at + 80))} is not ${JSON.stringify(b.slice(at - 80, at + 80))}`;
}
