import { describe, expect, it } from 'vitest';
import { encode } from '../../src/jute/schema.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { OP } from '../../src/protocol/opcodes.ts';
import { SetDataTxn, TxnHeader } from '../../src/protocol/txn.ts';
import { SimDisk } from '../../src/sim/disk.ts';
import { beginRecord, endRecord, LogScanner, writeLogHeader } from '../../src/storage/log-format.ts';
import { judgeDamage, zerosUntil } from '../../src/storage/tail.ts';

/** A log of values; `starts` says where the records begin, and the last one ends. */
function logOf(values: readonly Buffer[], padding = 2048): { bytes: Buffer; starts: number[] } {
  const w = new JuteWriter();
  writeLogHeader(w);
  const starts = values.map((data, i) => {
    const start = beginRecord(w);
    w.writeRaw(
      encode(TxnHeader, {
        clientId: 0x100001234560000n,
        cxid: 1,
        zxid: BigInt(i + 1),
        time: 1_700_000_000_000n,
        type: OP.setData,
      }),
    );
    SetDataTxn.write(w, { path: '/some/node', data, version: 3 });
    endRecord(w, start);
    return start;
  });
  starts.push(w.pos);
  w.writeRaw(Buffer.alloc(padding));
  return { bytes: w.copy(), starts };
}

/** The verdict on the first damage: where, torn or corrupt; `whole` without any. */
function verdict(bytes: Buffer): string {
  const disk = new SimDisk();
  disk.plant('/log', bytes);
  const file = disk.open('/log', 'read');
  const scan = new LogScanner(file);
  while (scan.next()) {
    if (scan.crcOk) continue;
    const { offset, entryStart, entryEnd } = scan;
    const { torn } = judgeDamage(file, {
      kind: 'checksum',
      offset,
      length: entryEnd - entryStart,
      why: 'crc',
    });
    return `${torn ? 'torn' : 'corrupt'} at ${offset}`;
  }
  const end = scan.end as NonNullable<typeof scan.end>;
  if (end.kind === 'clean' || zerosUntil(file, end.offset) === bytes.length) return 'whole';
  return `${judgeDamage(file, end).torn ? 'torn' : 'corrupt'} at ${end.offset}`;
}

const without = (bytes: Buffer, from: number, to: number): Buffer => Buffer.from(bytes).fill(0, from, to);
const flipped = (bytes: Buffer, at: number, bit: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ (1 << bit);
  return copy;
};

const noise = (length: number, seed: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => ((i * 2654435761 + seed * 97) >>> 7) & 0xff));
const zeros = (length: number): Buffer => Buffer.alloc(length);

const LOGS: readonly [string, Buffer[]][] = [
  ['small values', Array.from({ length: 40 }, (_, i) => noise(30 + i, i))],
  ['values of several sectors', Array.from({ length: 12 }, (_, i) => noise(900 + 130 * i, i))],
  ['values of zeros', Array.from({ length: 12 }, (_, i) => zeros(200 + 210 * i))],
  [
    'values of zeros between others',
    Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? zeros(700) : noise(60, i))),
  ],
];

describe.each(LOGS)('a log with %s', (_name, values) => {
  const { bytes, starts } = logOf(values);
  const used = starts.at(-1) as number;

  it('that lost any one sector of its last write is torn, unless nothing was lost with it', () => {
    for (let sector = 512; sector < used; sector += 512) {
      const result = verdict(without(bytes, sector, sector + 512));
      const first = starts.findLast((start) => start < sector + 512 && start !== used) as number;
      // What precedes the sector is whole; records that only have zeros in it are, too.
      expect(result, `sector ${sector}`).not.toMatch(/^corrupt/);
      if (result.startsWith('torn')) expect(Number(result.split(' ').at(-1))).toBeLessThanOrEqual(first);
    }
  });

  it('that ends anywhere, in zeros or at once, is torn', () => {
    for (let size = 17; size < used; size += 7) {
      expect(verdict(without(bytes, size, bytes.length)), `zeros from ${size}`).not.toMatch(/^corrupt/);
      expect(verdict(bytes.subarray(0, size)), `cut at ${size}`).not.toMatch(/^corrupt/);
    }
  });

  it('with one flipped bit in a record is corrupt, wherever it is', () => {
    for (let at = 16; at < used; at += 3) {
      const bit = (at * 7) % 8;
      expect(verdict(flipped(bytes, at, bit)), `bit ${bit} of byte ${at}`).toMatch(/^corrupt/);
    }
  });

  it('with any wrong length is corrupt', () => {
    for (const start of starts.slice(0, -1)) {
      for (const length of [-1, 1, 31, 32, 100, 0x100, 5000, 0x7fffffff]) {
        const copy = Buffer.from(bytes);
        if (copy.readInt32BE(start + 8) === length) continue;
        copy.writeInt32BE(length, start + 8);
        expect(verdict(copy), `length ${length} at ${start}`).toMatch(/^corrupt/);
      }
    }
  });
});
