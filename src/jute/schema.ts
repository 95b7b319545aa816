/**
 * The declarative codec: a record is declared once, and its TypeScript type, encoding, decoding, annotated
 * dump and random values (in tests) all follow from the declaration.
 *
 *     export const ReplyHeader = record('ReplyHeader', { xid: int, zxid: long, err: int });
 *     export type ReplyHeader = Infer<typeof ReplyHeader>;
 */
import { JuteReader } from './reader.ts';
import { JuteWriter } from './writer.ts';

/** What a codec is made of, for code that walks schemas (dumps, generators). */
export type Shape =
  | { readonly kind: 'bool' | 'int' | 'long' | 'buffer' | 'string' }
  | { readonly kind: 'vector'; readonly element: Codec<unknown> }
  | { readonly kind: 'tail'; readonly inner: Codec<unknown> }
  | { readonly kind: 'record'; readonly name: string; readonly fields: ReadonlyMap<string, Codec<unknown>> };

/** Reads and writes one type. `minBytes` is the fewest bytes a value takes. */
export interface Codec<T> {
  readonly shape: Shape;
  readonly minBytes: number;
  /** Throws `JuteError` on bytes that are no such value. */
  read(r: JuteReader): T;
  write(w: JuteWriter, v: T): void;
}

/** The TypeScript type of a codec's values. */
export type Infer<C> = C extends Codec<infer T> ? T : never;

/** A record's codec, with its name and fields to look at. */
export interface RecordCodec<T> extends Codec<T> {
  readonly name: string;
}

/** jute `boolean`: one byte. */
export const bool: Codec<boolean> = {
  shape: { kind: 'bool' },
  minBytes: 1,
  read: (r) => r.readBool(),
  write: (w, v) => w.writeBool(v),
};

/** jute `int`: signed 32-bit. */
export const int: Codec<number> = {
  shape: { kind: 'int' },
  minBytes: 4,
  read: (r) => r.readInt(),
  write: (w, v) => w.writeInt(v),
};

/** jute `long`: signed 64-bit. */
export const long: Codec<bigint> = {
  shape: { kind: 'long' },
  minBytes: 8,
  read: (r) => r.readLong(),
  write: (w, v) => w.writeLong(v),
};

/** jute `buffer`: a view on the bytes read; null for length -1. */
export const buffer: Codec<Buffer | null> = {
  shape: { kind: 'buffer' },
  minBytes: 4,
  read: (r) => r.readBuffer(),
  write: (w, v) => w.writeBuffer(v),
};

/** jute `ustring` that may be null. */
export const nullableString: Codec<string | null> = {
  shape: { kind: 'string' },
  minBytes: 4,
  read: (r) => r.readString(),
  write: (w, v) => w.writeString(v),
};

/** jute `ustring` where null means nothing: a null read is the empty string. */
export const ustring: Codec<string> = {
  shape: { kind: 'string' },
  minBytes: 4,
  read: (r) => r.readString() ?? '',
  write: (w, v) => w.writeString(v),
};

/** jute `vector<T>` that may be null (count -1), which differs from empty. */
export const nullableVector = <T>(element: Codec<T>): Codec<T[] | null> => ({
  shape: { kind: 'vector', element },
  minBytes: 4,
  read(r) {
    const count = r.readCount(element.minBytes);
    if (count < 0) return null;
    const list: T[] = [];
    for (let i = 0; i < count; i++) list.push(element.read(r));
    return list;
  },
  write(w, v) {
    w.writeInt(v === null ? -1 : v.length);
    if (v !== null) for (const e of v) element.write(w, e);
  },
});

/** jute `vector<T>` where null means nothing: a null read is the empty list. */
export const vector = <T>(element: Codec<T>): Codec<T[]> => {
  const inner = nullableVector(element);
  return { ...inner, read: (r) => inner.read(r) ?? [], write: (w, v) => inner.write(w, v) };
};

/** A last field that older peers leave out: absent (undefined) when the bytes end before it. */
export const tail = <T>(inner: Codec<T>): Codec<T | undefined> => ({
  shape: { kind: 'tail', inner },
  minBytes: 0,
  read: (r) => (r.remaining === 0 ? undefined : inner.read(r)),
  write(w, v) {
    if (v !== undefined) inner.write(w, v);
  },
});

type FieldTypes<F extends Record<string, Codec<unknown>>> = { [K in keyof F]: Infer<F[K]> };

/**
 * A record: its fields one after the other, in the order of the declaration; no tag, no length, never null.
 */
export function record<F extends Record<string, Codec<unknown>>>(
  name: string,
  fields: F,
): RecordCodec<FieldTypes<F>> {
  const entries = Object.entries(fields);
  const names = entries.map(([k]) => k);
  const codecs = entries.map(([, c]) => c);
  return {
    name,
    shape: { kind: 'record', name, fields: new Map(entries) },
    minBytes: codecs.reduce((sum, c) => sum + c.minBytes, 0),
    read(r) {
      const value: Record<string, unknown> = {};
      for (let i = 0; i < names.length; i++)
        value[names[i] as string] = (codecs[i] as Codec<unknown>).read(r);
      return value as FieldTypes<F>;
    },
    write(w, v) {
      const value = v as Record<string, unknown>;
      for (let i = 0; i < names.length; i++)
        (codecs[i] as Codec<unknown>).write(w, value[names[i] as string]);
    },
  };
}

/**
 * A record whose reading and writing are written by hand, for hot paths; `declared` is the codec it must
 * equal.
 */
export interface HotCodec<T> extends RecordCodec<T> {
  readonly declared: RecordCodec<T>;
}

/**
 * Replaces a record's generic reading and writing behind the same schema; a property test holds the two
 * equal.
 */
export const byHand = <T>(declared: RecordCodec<T>, hand: Pick<Codec<T>, 'read' | 'write'>): HotCodec<T> => ({
  ...declared,
  ...hand,
  declared,
});

/** The record of no fields. */
export const Empty = record('Empty', {});

/** The bytes of one value. */
export const encode = <T>(codec: Codec<T>, value: T): Buffer => {
  const w = new JuteWriter();
  codec.write(w, value);
  return w.copy();
};

/**
 * The value of all of `bytes`. Throws `JuteError` when they are no such value; bytes left over are an error
 * unless `allowTrailing`.
 */
export const decode = <T>(codec: Codec<T>, bytes: Buffer, allowTrailing = false): T => {
  const r = new JuteReader(bytes);
  const value = codec.read(r);
  if (!allowTrailing) r.expectEnd();
  return value;
};
