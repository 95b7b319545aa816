import { encode } from '../../../src/jute/schema.ts';
import { JuteWriter } from '../../../src/jute/writer.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import { SetDataTxn, TxnHeader } from '../../../src/protocol/txn.ts';
import type { ZabEntry } from '../../../src/server/zab/learner-effects.ts';

/** `z(2, 5)` is zxid <2,5>. */
export const z = (epoch: number, counter: number): bigint => (BigInt(epoch) << 32n) | BigInt(counter);

/** `<2,5>` */
export const show = (zxid: bigint): string => `<${zxid >> 32n},${zxid & 0xffff_ffffn}>`;

/** A log entry: a setData, or a reconfig with a text. */
export function entry(zxid: bigint, data = 'x', type: number = OP.setData): ZabEntry {
  const writer = new JuteWriter();
  TxnHeader.write(writer, { clientId: 1n, cxid: 1, zxid, time: 0n, type });
  writer.writeRaw(encode(SetDataTxn, { path: '/a', data: Buffer.from(data), version: 1 }));
  return { zxid, bytes: writer.copy() };
}
