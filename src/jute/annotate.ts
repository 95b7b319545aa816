import { JuteReader } from './reader.ts';
import type { Codec } from './schema.ts';

/** One primitive of a record, where it stood and what it was. */
export interface Annotation {
  /** Dotted path of the field: `acl[0].id.scheme`. */
  readonly field: string;
  readonly kind: string;
  readonly start: number;
  readonly end: number;
  readonly value: unknown;
}

/**
 * The primitives of a value in the order of their bytes, as far as they can be read, and what stopped the
 * reading.
 */
export interface Annotated {
  readonly fields: readonly Annotation[];
  readonly error?: Error;
}

/** Walks the schema over the bytes: every primitive with its offsets. Never throws on bad bytes. */
export function annotate(codec: Codec<unknown>, bytes: Buffer): Annotated {
  const fields: Annotation[] = [];
  const r = new JuteReader(bytes);
  const walk = (c: Codec<unknown>, field: string): void => {
    const { shape } = c;
    if (shape.kind === 'record') {
      for (const [name, inner] of shape.fields) walk(inner, field === '' ? name : `${field}.${name}`);
    } else if (shape.kind === 'vector') {
      const start = r.pos;
      const count = r.readCount(shape.element.minBytes);
      fields.push({ field: `${field}.count`, kind: 'int', start, end: r.pos, value: count });
      for (let i = 0; i < count; i++) walk(shape.element, `${field}[${i}]`);
    } else if (shape.kind === 'tail') {
      if (r.remaining > 0) walk(shape.inner, field);
    } else {
      const start = r.pos;
      const value = c.read(r);
      fields.push({ field, kind: shape.kind, start, end: r.pos, value });
    }
  };
  try {
    walk(codec, '');
    return { fields };
  } catch (error) {
    if (error instanceof Error) return { fields, error };
    throw error;
  }
}
