/**
 * multi and multiRead (facts 2.6): per operation a MultiHeader and its record, ended by the header {-1, done,
 * -1}.
 */

import { JuteError } from '../jute/jute-error.ts';
import type { JuteReader } from '../jute/reader.ts';
import type { Codec } from '../jute/schema.ts';
import type { JuteWriter } from '../jute/writer.ts';
import * as m from './messages.ts';
import { OP } from './opcodes.ts';
import type { Stat } from './stat.ts';

/** One operation inside a multi or multiRead. */
export type MultiOp =
  | {
      readonly op: typeof OP.create | typeof OP.create2 | typeof OP.createContainer;
      readonly req: m.CreateRequest;
    }
  | { readonly op: typeof OP.createTTL; readonly req: m.CreateTtlRequest }
  | { readonly op: typeof OP.delete; readonly req: m.DeleteRequest }
  | { readonly op: typeof OP.setData; readonly req: m.SetDataRequest }
  | { readonly op: typeof OP.check; readonly req: m.CheckVersionRequest }
  | { readonly op: typeof OP.getData | typeof OP.getChildren; readonly req: m.PathWatchRequest };

/** One result. `error` results carry the code; those before the culprit of a failed multi carry 0. */
export type MultiResult =
  | { readonly op: typeof OP.create; readonly path: string }
  | { readonly op: typeof OP.create2; readonly path: string; readonly stat: Stat }
  | { readonly op: typeof OP.setData; readonly stat: Stat }
  | { readonly op: typeof OP.delete | typeof OP.check }
  | { readonly op: typeof OP.getChildren; readonly children: string[] }
  | { readonly op: typeof OP.getData; readonly data: Buffer | null; readonly stat: Stat }
  | { readonly op: typeof OP.error; readonly err: number };

const REQUESTS: ReadonlyMap<number, Codec<unknown>> = new Map<number, Codec<unknown>>([
  [OP.create, m.CreateRequest],
  [OP.create2, m.CreateRequest],
  [OP.createContainer, m.CreateRequest],
  [OP.createTTL, m.CreateTtlRequest],
  [OP.delete, m.DeleteRequest],
  [OP.setData, m.SetDataRequest],
  [OP.check, m.CheckVersionRequest],
  [OP.getData, m.PathWatchRequest],
  [OP.getChildren, m.PathWatchRequest],
] as [number, Codec<unknown>][]);

const HEADER_BYTES = m.MultiHeader.minBytes;

/** The operations of a multi request. An operation that has no place in one is a `JuteError`. */
export const MultiRequest: Codec<MultiOp[]> = {
  shape: { kind: 'record', name: 'MultiRequest', fields: new Map() },
  minBytes: HEADER_BYTES,
  read(r: JuteReader): MultiOp[] {
    const ops: MultiOp[] = [];
    for (;;) {
      const at = r.pos;
      const header = m.MultiHeader.read(r);
      if (header.done) return ops;
      const codec = REQUESTS.get(header.type);
      if (codec === undefined) {
        throw new JuteError('unreasonable-length', at, `operation ${header.type} cannot be part of a multi`);
      }
      ops.push({ op: header.type, req: codec.read(r) } as MultiOp);
    }
  },
  write(w: JuteWriter, ops: MultiOp[]): void {
    for (const { op, req } of ops) {
      m.MultiHeader.write(w, { type: op, done: false, err: -1 });
      (REQUESTS.get(op) as Codec<unknown>).write(w, req);
    }
    m.MultiHeader.write(w, { type: -1, done: true, err: -1 });
  },
};

const RESULTS: ReadonlyMap<number, Codec<object>> = new Map<number, Codec<object>>([
  [OP.create, m.CreateResponse],
  [OP.create2, m.Create2Response],
  [OP.setData, m.StatResponse],
  [OP.getChildren, m.GetChildrenResponse],
  [OP.getData, m.GetDataResponse],
  [OP.error, m.ErrorResponse],
] as [number, Codec<object>][]);

/** The results of a multi, one for each operation. */
export const MultiResponse: Codec<MultiResult[]> = {
  shape: { kind: 'record', name: 'MultiResponse', fields: new Map() },
  minBytes: HEADER_BYTES,
  read(r: JuteReader): MultiResult[] {
    const results: MultiResult[] = [];
    for (;;) {
      const header = m.MultiHeader.read(r);
      if (header.done) return results;
      const body = RESULTS.get(header.type)?.read(r) ?? {};
      results.push({ op: header.type, ...body } as MultiResult);
    }
  },
  write(w: JuteWriter, results: MultiResult[]): void {
    for (const result of results) {
      const err = result.op === OP.error ? result.err : 0;
      m.MultiHeader.write(w, { type: result.op, done: false, err });
      RESULTS.get(result.op)?.write(w, result);
    }
    m.MultiHeader.write(w, { type: -1, done: true, err: -1 });
  },
};
