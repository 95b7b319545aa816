/** The body of a block to events; format.ts says how. */
import { fromHalves, hi32, lo32 } from '../../base/halves.ts';
import type { FieldKind, ZktEvent } from '../../events/table.ts';
import { ByteSource, RecordingDamage, unzigzag } from './byte-sink.ts';
import type { EventLayout } from './event-layout.ts';

type Value = string | number | boolean | bigint;

/** Hears of an event that this release does not know, by the name its writer gave it. */
type Unknown = (name: string) => void;

/** The events of a block with that many; throws `RecordingDamage` for bytes that are none. */
export function decodeBlock(
  body: Buffer,
  count: number,
  layouts: readonly EventLayout[],
  unknown: Unknown,
): ZktEvent[] {
  const decoder = new BlockDecoder(body);
  const events: ZktEvent[] = [];
  for (let i = 0; i < count; i++) {
    const event = decoder.event(layouts, unknown);
    if (event !== undefined) events.push(event);
  }
  return events;
}

class BlockDecoder {
  private readonly from: ByteSource;
  private readonly texts: string[] = [];
  private readonly sessions: bigint[] = [];
  private readonly due = new Map<string, number>();
  private zxidHi = 0;
  private zxidLo = 0;
  private micros = 0;

  constructor(body: Buffer) {
    this.from = new ByteSource(body);
  }

  /** The next event; undefined for one that is not known. */
  event(layouts: readonly EventLayout[], unknown: Unknown): ZktEvent | undefined {
    const layout = layouts[this.from.varint()];
    if (layout === undefined) throw new RecordingDamage('an event that is not in the table');
    const node = this.text();
    const seq = this.step(this.due.get(node) ?? 1);
    if (seq !== 0) this.due.set(node, seq + 1);
    this.micros = this.step(this.micros);
    const time = this.micros / 1000;
    const fields: Record<string, Value> = {};
    for (const { key, kind } of layout.fields) {
      const value = this.field(kind);
      if (key !== undefined) fields[key] = value;
    }
    const { known: name } = layout;
    if (name === undefined) {
      unknown(layout.name);
      return undefined;
    }
    for (const [key, value] of layout.missing) fields[key] = value;
    return { name, node, seq, time, fields } as ZktEvent;
  }

  private field(kind: FieldKind): Value {
    switch (kind) {
      case 'text':
        return this.text();
      case 'number':
        return this.number();
      case 'flag':
        return this.from.byte() === 1;
      case 'zxid':
        return this.zxid();
      case 'session':
        return this.session();
      case 'sid':
        return this.sid();
    }
  }

  private text(): string {
    const known = this.from.varint();
    if (known > 0) return found(this.texts[known - 1]);
    const text = this.from.text();
    this.texts.push(text);
    return text;
  }

  private session(): bigint {
    const known = this.from.varint();
    if (known > 0) return found(this.sessions[known - 1]);
    const session = this.from.int64();
    this.sessions.push(session);
    return session;
  }

  private number(): number {
    const coded = this.from.varint();
    if (coded === 0) return this.from.float64();
    const value = unzigzag(Math.floor((coded - 1) / 2));
    return (coded - 1) % 2 === 0 ? value : value / 1000;
  }

  private zxid(): bigint {
    const coded = this.from.varint();
    if (coded === 0) {
      const value = this.from.int64();
      this.zxidHi = hi32(value);
      this.zxidLo = lo32(value);
      return value;
    }
    this.zxidLo += unzigzag(coded - 1);
    return fromHalves(this.zxidHi, this.zxidLo);
  }

  private sid(): bigint {
    const coded = this.from.varint();
    return coded === 0 ? this.from.int64() : BigInt(unzigzag(coded - 1));
  }

  private step(expected: number): number {
    const coded = this.from.varint();
    return coded === 0 ? this.from.float64() : expected + unzigzag(coded - 1);
  }
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new RecordingDamage('a reference to nothing');
  return value;
}
