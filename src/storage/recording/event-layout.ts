/**
 * The table of a recording: what events its writer knew, by number, and how they fit the events that this
 * release knows.
 */
import { crc32 } from '../../base/checksum.ts';
import { EVENT_NAMES, EVENTS, type EventName, type FieldKind } from '../../events/table.ts';
import { ByteSink, ByteSource, RecordingDamage } from './byte-sink.ts';

/** Kinds of fields by their number in the file; append only. */
const FIELD_KINDS: readonly FieldKind[] = ['text', 'number', 'flag', 'zxid', 'session', 'sid'];

/** What a field is that the recording does not have: what is unknown is -1, or no text. */
const UNKNOWN: Readonly<Record<FieldKind, string | number | boolean | bigint>> = {
  text: '',
  number: -1,
  flag: false,
  zxid: 0n,
  session: 0n,
  sid: -1n,
};

/** A field as it lies in the file; `key` is undefined for one that this release does not know. */
export interface FieldLayout {
  readonly key: string | undefined;
  readonly kind: FieldKind;
}

/** An event as it lies in the file. */
export interface EventLayout {
  /** As the writer called it. */
  readonly name: string;
  /** As this release calls it; undefined for an event that it does not know. */
  readonly known: EventName | undefined;
  readonly fields: readonly FieldLayout[];
  /** Fields of this release that are not in the file, with what stands for them. */
  readonly missing: readonly (readonly [key: string, value: string | number | boolean | bigint])[];
}

/** The table of this release, as the body of a block. */
export const OWN_TABLE: Buffer = /* @__PURE__ */ (() => {
  const out = new ByteSink(16_384);
  out.varint(EVENT_NAMES.length);
  for (const name of EVENT_NAMES) {
    const fields = Object.entries(EVENTS[name].fields);
    out.text(name);
    out.varint(fields.length);
    for (const [key, kind] of fields) {
      out.text(key);
      out.byte(FIELD_KINDS.indexOf(kind));
    }
  }
  return Buffer.from(out.bytes());
})();

/** What events written by the table of this release refer to. */
export const OWN_TABLE_CRC: number = crc32(OWN_TABLE);

/** Reads a table; throws `RecordingDamage` for bytes that are none. */
export function readTable(body: Buffer): EventLayout[] {
  const from = new ByteSource(body);
  const count = from.varint();
  // An event takes two bytes at least, a field too: no table of a few bytes claims memory for millions.
  if (count > from.left) throw new RecordingDamage('a table longer than itself');
  const layouts: EventLayout[] = [];
  for (let i = 0; i < count; i++) {
    const name = from.text();
    const known = Object.hasOwn(EVENTS, name) ? (name as EventName) : undefined;
    const wanted = new Map(known === undefined ? [] : Object.entries<FieldKind>(EVENTS[known].fields));
    const fields: FieldLayout[] = [];
    for (let left = from.varint(); left > 0; left--) {
      const key = from.text();
      const kind = FIELD_KINDS[from.byte()];
      if (kind === undefined) throw new RecordingDamage(`a field ${key} of an unknown kind`);
      const fits = wanted.get(key) === kind;
      if (fits) wanted.delete(key);
      fields.push({ key: fits ? key : undefined, kind });
    }
    layouts.push({ name, known, fields, missing: [...wanted].map(([key, kind]) => [key, UNKNOWN[kind]]) });
  }
  return layouts;
}
