import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JuteError } from '../../src/jute/jute-error.ts';
import { type Codec, decode, encode, type HotCodec } from '../../src/jute/schema.ts';
import * as acl from '../../src/protocol/acl.ts';
import * as files from '../../src/protocol/files.ts';
import * as messages from '../../src/protocol/messages.ts';
import { type MultiOp, MultiRequest, MultiResponse, type MultiResult } from '../../src/protocol/multi.ts';
import { OP } from '../../src/protocol/opcodes.ts';
import { OPERATION_BY_CODE, OPERATIONS } from '../../src/protocol/operations.ts';
import * as quorum from '../../src/protocol/quorum.ts';
import * as stat from '../../src/protocol/stat.ts';
import * as txn from '../../src/protocol/txn.ts';
import * as watch from '../../src/protocol/watch-types.ts';
import { arbitraryOf } from '../jute/arbitrary.ts';

const isCodec = (it: unknown): it is Codec<unknown> =>
  typeof it === 'object' && it !== null && 'shape' in it && 'read' in it && 'write' in it;
const isHot = (it: Codec<unknown>): it is HotCodec<unknown> => 'declared' in it;

/** Every record that the protocol rooms export. */
const EXPORTS: [string, unknown][] = Object.entries({
  ...acl,
  ...files,
  ...messages,
  ...quorum,
  ...stat,
  ...txn,
  ...watch,
});
const RECORDS = EXPORTS.filter((entry): entry is [string, Codec<unknown>] => isCodec(entry[1]));

it('there are records', () => expect(RECORDS.length).toBeGreaterThan(60));

describe('a record', () => {
  for (const [name, codec] of RECORDS) {
    it(`${name} is read as it was written`, () =>
      fc.assert(
        fc.property(arbitraryOf(codec), (value) => {
          expect(decode(codec, encode(codec, value))).toEqual(value);
        }),
        { numRuns: 30 },
      ));
    it(`${name} is never read from a part of its bytes as if it were whole`, () =>
      fc.assert(
        fc.property(arbitraryOf(codec), fc.nat(1000), (value, at) => {
          const bytes = encode(codec, value);
          if (bytes.length === 0) return;
          try {
            expect(encode(codec, decode(codec, bytes.subarray(0, at % bytes.length))).length).toBeLessThan(
              bytes.length,
            );
          } catch (error) {
            expect(error).toBeInstanceOf(JuteError);
          }
        }),
        { numRuns: 30 },
      ));
  }
});

describe('a record written by hand is the one declared', () => {
  for (const [name, codec] of RECORDS.filter(([, c]) => isHot(c))) {
    const { declared } = codec as HotCodec<unknown>;
    it(name, () =>
      fc.assert(
        fc.property(arbitraryOf(declared), (value) => {
          const bytes = encode(declared, value);
          expect(encode(codec, value).equals(bytes)).toBe(true);
          expect(decode(codec, bytes)).toEqual(decode(declared, bytes));
        }),
      ),
    );
  }
});

describe('the table of operations', () => {
  it('has every code that a client may send', () => {
    const missing = Object.values(OP).filter(
      (code) => code !== OP.notification && !OPERATION_BY_CODE.has(code),
    );
    expect(missing).toEqual([OP.error]);
  });
  it('has each code once', () => expect(OPERATION_BY_CODE.size).toBe(Object.keys(OPERATIONS).length));
});

describe('a multi', () => {
  const open = [...acl.OPEN_ACL];
  const ops: MultiOp[] = [
    { op: OP.create, req: { path: '/a', data: null, acl: open, flags: 0 } },
    { op: OP.createTTL, req: { path: '/t', data: Buffer.from('x'), acl: open, flags: 5, ttl: 9n } },
    { op: OP.delete, req: { path: '/b', version: 3 } },
    { op: OP.setData, req: { path: '/c', data: Buffer.from('y'), version: -1 } },
    { op: OP.check, req: { path: '/d', version: 1 } },
    { op: OP.getChildren, req: { path: '/e', watch: false } },
  ];
  it('is read as it was written', () => expect(decode(MultiRequest, encode(MultiRequest, ops))).toEqual(ops));
  it('may be empty', () => expect(encode(MultiRequest, []).toString('hex')).toBe('ffffffff01ffffffff'));
  it('has no place for other operations', () => {
    const bytes = Buffer.from('0000006400ffffffff', 'hex');
    expect(() => decode(MultiRequest, bytes)).toThrow(JuteError);
  });
  it('has results of every kind', () => {
    const one = decode(stat.Stat, Buffer.alloc(stat.STAT_BYTES, 1));
    const results: MultiResult[] = [
      { op: OP.create, path: '/a' },
      { op: OP.create2, path: '/t', stat: one },
      { op: OP.delete },
      { op: OP.setData, stat: one },
      { op: OP.getChildren, children: ['x'] },
      { op: OP.getData, data: Buffer.from('z'), stat: one },
      { op: OP.error, err: -101 },
    ];
    expect(decode(MultiResponse, encode(MultiResponse, results))).toEqual(results);
  });
});

describe('a log entry', () => {
  const header = { clientId: 1n, cxid: 2, zxid: 3n, time: 4n, type: OP.delete };
  const entry = Buffer.concat([encode(txn.TxnHeader, header), encode(txn.DeleteTxn, { path: '/a' })]);
  const digest = { version: 2, treeDigest: 5n };
  it('may lack its digest', () => {
    expect(txn.decodeEntry(entry)).toEqual({
      header,
      txn: { type: OP.delete, path: '/a' },
      digest: undefined,
    });
  });
  it('may have one, and bytes nobody knows behind it', () => {
    const longer = Buffer.concat([entry, encode(txn.TxnDigest, digest), Buffer.from([1, 2, 3])]);
    expect(txn.decodeEntry(longer)?.digest).toEqual(digest);
  });
  it('of an unknown type is told apart', () => {
    expect(txn.decodeEntry(encode(txn.TxnHeader, { ...header, type: 99 }))).toBeUndefined();
  });
  it('of a multi has parts', () => {
    const part = { type: OP.delete, data: encode(txn.DeleteTxn, { path: '/x' }) };
    expect(txn.readSubTxns({ txns: [part, { type: 99, data: null }] })).toEqual([
      { type: OP.delete, path: '/x' },
      undefined,
    ]);
  });
});
