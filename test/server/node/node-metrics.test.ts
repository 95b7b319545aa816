import { describe, expect, test } from 'vitest';
import { encode } from '../../../src/jute/schema.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import { PACKET } from '../../../src/protocol/quorum.ts';
import { CreateTxn, SetDataTxn, TxnHeader } from '../../../src/protocol/txn.ts';
import { NodeMetrics } from '../../../src/server/node/node-metrics.ts';

const BORN = 1_795_282_002_462n;
const header = (zxid: bigint, time = BORN) => ({ clientId: 1n, cxid: 2, zxid, time, type: OP.setData });
const entry = (zxid: bigint, time = BORN): Buffer => Buffer.from(encode(TxnHeader, header(zxid, time)));
const msLater = (ms: number): number => Number(BORN) + ms;

describe('latencies', () => {
  test('of a leader: what is acknowledged counts once, from the time in its header', () => {
    const m = new NodeMetrics();
    for (let i = 1n; i <= 5n; i++) m.begun(0x1_0000_0000n + i, entry(i, BORN + i));
    m.reached(m.quorumAckMs, -1n, 0x1_0000_0002n, msLater(10));
    m.reached(m.quorumAckMs, 0x1_0000_0002n, 0x1_0000_0005n, msLater(20));
    m.reached(m.quorumAckMs, 0x1_0000_0005n, 0x1_0000_0005n, msLater(99));
    expect([m.quorumAckMs.count, m.quorumAckMs.sum]).toEqual([5, 9 + 8 + 17 + 16 + 15]);
  });

  test('of an epoch that has just begun: nothing of the one before is taken for its own', () => {
    const m = new NodeMetrics();
    for (let i = 1n; i <= 100n; i++) m.begun(0x1_0000_0000n + i, entry(i));
    m.forget();
    m.begun(0x2_0000_0001n, entry(1n, BORN + 5000n));
    m.reached(m.ackCreationMs, 0x1_0000_0064n, 0x2_0000_0001n, msLater(5007));
    expect([m.ackCreationMs.count, m.ackCreationMs.max]).toEqual([1, 7]);
    m.reached(m.ackCreationMs, -1n, 0x2_0000_0050n, msLater(9000));
    expect(m.ackCreationMs.count).toBe(2);
  });

  test('of more transactions than are kept: the last are counted, in bounded time', () => {
    const m = new NodeMetrics();
    for (let i = 1; i <= 20_000; i++) m.begun(BigInt(i), entry(BigInt(i)));
    m.reached(m.quorumAckMs, 0n, 20_000n, msLater(1));
    expect(m.quorumAckMs.count).toBe(8192);
    const since = performance.now();
    m.reached(m.quorumAckMs, 0n, 0xffff_ffffn, msLater(1));
    expect(performance.now() - since).toBeLessThan(100);
  });

  test('counters near their end', () => {
    const m = new NodeMetrics();
    m.begun(0x1_ffff_fffen, entry(1n));
    m.reached(m.quorumAckMs, 0x1_ffff_fffdn, 0x1_ffff_fffen, msLater(3));
    expect([m.quorumAckMs.count, m.quorumAckMs.max]).toEqual([1, 3]);
  });

  test('of a follower and of an observer', () => {
    const m = new NodeMetrics();
    m.received(1n, entry(1n), msLater(4));
    m.heard(PACKET.COMMIT, 1n, msLater(9));
    m.heard(PACKET.PING, 1n, msLater(9));
    m.heard(PACKET.COMMIT, 2n, msLater(9));
    expect([m.proposalMs.max, m.commitPropagationMs.count, m.commitPropagationMs.max]).toEqual([4, 1, 9]);
    m.informed(3n, entry(3n), msLater(6));
    expect(m.commitPropagationMs.count).toBe(2);
  });

  test('bytes that are no entry, and clocks that disagree', () => {
    const m = new NodeMetrics();
    m.received(1n, Buffer.alloc(10), msLater(4));
    expect(m.proposalMs.count).toBe(0);
    m.received(2n, entry(2n), msLater(-500));
    expect([m.proposalMs.count, m.proposalMs.max]).toEqual([1, 0]);
  });
});

describe('sizes by namespace', () => {
  const sums = (all: ReadonlyMap<string, { readonly sum: number; readonly count: number }>) =>
    Object.fromEntries([...all].map(([name, { count, sum }]) => [name, `${count} ${sum}`]));
  const set = (path: string, data: string | null) => ({
    type: OP.setData,
    path,
    data: data === null ? null : Buffer.from(data),
    version: 1,
  });

  test('of writes: path and data, parts of a multi each, and what goes', () => {
    const m = new NodeMetrics();
    m.applied(header(1n), set('/app/x', 'data'), msLater(1));
    m.applied(header(2n), set('/app', null), msLater(1));
    m.applied(header(3n), set('/', 'root'), msLater(1));
    const parts = [
      {
        type: OP.create,
        data: Buffer.from(
          encode(CreateTxn, { ...set('/m/a', '12'), acl: [], ephemeral: false, parentCVersion: 1 }),
        ),
      },
      { type: OP.setData, data: Buffer.from(encode(SetDataTxn, set('/m', '1'))) },
    ];
    m.applied(header(4n), { type: OP.multi, txns: parts }, msLater(1));
    m.applied(header(5n), { type: OP.error, err: -101 }, msLater(1));
    m.deleted('/app/x');
    expect(sums(m.writeBytes)).toEqual({ app: '3 20', m: '2 9' });
    expect(m.propagationMs.count).toBe(5);
  });

  test('of reads: with the stat', () => {
    const m = new NodeMetrics();
    m.read('/app', 4);
    m.read('/', 4);
    expect(sums(m.readBytes)).toEqual({ app: '1 76' });
  });

  test('names that clients invent do not fill the memory', () => {
    const m = new NodeMetrics();
    for (let i = 0; i < 10_000; i++) {
      m.read(`/n${i}`, 1);
      m.quotaRefused(`/n${i}/x`);
    }
    expect([m.readBytes.size, m.quotaErrors.size]).toEqual([200, 200]);
    m.read('/n0', 1);
    expect(m.readBytes.get('n0')?.count).toBe(2);
  });
});
