/** How an event is declared: its name is its key in a table, the rest is here. */

/** Field types: how a value is typed, and how it is written in NDJSON. */
export interface FieldKinds {
  /** Any text; written escaped. */
  text: string;
  /** A count, a size in bytes, a duration in milliseconds: the field's name says which. */
  number: number;
  flag: boolean;
  /** Written as `0x…`. */
  zxid: bigint;
  /** Written as `0x…`. */
  session: bigint;
  /** The id of a server; -1 for none. Written as a number. */
  sid: bigint;
}
/** The name of a field type. */
export type FieldKind = keyof FieldKinds;
/** Importance: `trace` for events a busy server emits per request, up to `error`. */
export type EventLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';
/** How an event feeds metrics: counted, or its `ms` field summarised. */
export type MetricKind = 'none' | 'counter' | 'summary';

/** The declaration of one event. */
export interface EventSpec {
  readonly level: EventLevel;
  readonly says: string;
  readonly metric: MetricKind;
  readonly fields: Readonly<Record<string, FieldKind>>;
}

/** Declares an event: level, metric, one sentence, typed fields. */
export const event = <const F extends Record<string, FieldKind>>(
  level: EventLevel,
  metric: MetricKind,
  says: string,
  fields: F,
) => ({ level, metric, says, fields });
