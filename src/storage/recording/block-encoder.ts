/** Events to the body of a block; format.ts says how. */
import { hi32, lo32 } from '../../base/halves.ts';
import { EVENT_NAMES, EVENTS, type EventName, type FieldKind, type ZktEvent } from '../../events/table.ts';
import { ByteSink, zigzag } from './byte-sink.ts';
import { OWN_TABLE_CRC } from './event-layout.ts';
import { BLOCK, blockBytes, PACKING } from './format.ts';

/** A longer text is cut, UTF-16 units; the last one is an ellipsis then. */
const TEXT_MAX = 16_384;
/** Beyond this a difference is not written as one: twice it, and 1, must be a safe integer. */
const WHOLE_MAX = 2 ** 50;

type Value = string | number | boolean | bigint;

interface Plan {
  readonly number: number;
  readonly keys: readonly string[];
  readonly kinds: readonly FieldKind[];
}

const PLANS: ReadonlyMap<EventName, Plan> = /* @__PURE__ */ new Map(
  EVENT_NAMES.map((name, number) => {
    const fields = Object.entries<FieldKind>(EVENTS[name].fields);
    return [name, { number, keys: fields.map(([key]) => key), kinds: fields.map(([, kind]) => kind) }];
  }),
);

/** Gathers events until they are a block. */
export class BlockEncoder {
  /** Events in the block. */
  events = 0;
  private readonly out: ByteSink;
  private readonly texts = new Map<string, number>();
  private readonly sessions = new Map<bigint, number>();
  /** The sequence number due, by node. */
  private readonly due = new Map<string, number>();
  private zxidHi = 0;
  private zxidLo = 0;
  private micros = 0;
  private startMs = 0;
  private endMs = 0;

  /** `bytes`: about what a block will have. */
  constructor(bytes: number) {
    this.out = new ByteSink(bytes);
  }

  /** Bytes of the body so far. */
  get bytes(): number {
    return this.out.length;
  }

  /** Time of the earliest event, ms since 1970. */
  get sinceMs(): number {
    return this.startMs;
  }

  add({ name, node, seq, time, fields }: ZktEvent): void {
    const plan = PLANS.get(name) as Plan;
    const { out } = this;
    out.varint(plan.number);
    this.text(node);
    const due = this.due.get(node) ?? 1;
    this.step(seq, due);
    if (seq !== 0) this.due.set(node, seq + 1);
    this.time(time);
    const values = fields as Readonly<Record<string, Value>>;
    const { keys, kinds } = plan;
    for (let i = 0; i < keys.length; i++) {
      this.field(kinds[i] as FieldKind, values[keys[i] as string] as Value);
    }
    this.events++;
  }

  /** The block, head and all; the encoder is fresh again. `pack` makes the body smaller. */
  take(pack: (body: Buffer) => Buffer): Buffer {
    const raw = this.out.bytes();
    const packed = pack(raw);
    const smaller = packed.length < raw.length;
    const { events, startMs, endMs } = this;
    const head = { kind: BLOCK.events, tableCrc: OWN_TABLE_CRC, events, startMs, endMs };
    const bytes = blockBytes(
      { ...head, packing: smaller ? PACKING.snappy : PACKING.none },
      smaller ? packed : raw,
    );
    this.clear();
    return bytes;
  }

  private clear(): void {
    this.out.cut(0);
    this.texts.clear();
    this.sessions.clear();
    this.due.clear();
    this.events = 0;
    this.zxidHi = 0;
    this.zxidLo = 0;
    this.micros = 0;
  }

  private field(kind: FieldKind, value: Value): void {
    switch (kind) {
      case 'text':
        this.text(value as string);
        break;
      case 'number':
        this.number(value as number);
        break;
      case 'flag':
        this.out.byte(value === true ? 1 : 0);
        break;
      case 'zxid':
        this.zxid(value as bigint);
        break;
      case 'session':
        this.session(value as bigint);
        break;
      case 'sid':
        this.sid(value as bigint);
    }
  }

  private text(value: string): void {
    const known = this.texts.get(value);
    if (known !== undefined) {
      this.out.varint(known);
      return;
    }
    this.texts.set(value, this.texts.size + 1);
    this.out.varint(0);
    this.out.text(value.length > TEXT_MAX ? `${value.slice(0, TEXT_MAX - 1)}…` : value);
  }

  private session(value: bigint): void {
    const known = this.sessions.get(value);
    if (known !== undefined) {
      this.out.varint(known);
      return;
    }
    this.sessions.set(value, this.sessions.size + 1);
    this.out.varint(0);
    this.out.int64(value);
  }

  private number(value: number): void {
    const { out } = this;
    if (Number.isInteger(value) && value < WHOLE_MAX && value > -WHOLE_MAX) {
      out.varint(zigzag(value) * 2 + 1);
      return;
    }
    const thousandths = Math.round(value * 1000);
    if (thousandths < WHOLE_MAX && thousandths > -WHOLE_MAX) out.varint(zigzag(thousandths) * 2 + 2);
    else {
      out.byte(0);
      out.float64(value);
    }
  }

  private zxid(value: bigint): void {
    const hi = hi32(value);
    const lo = lo32(value);
    if (hi === this.zxidHi) this.out.varint(zigzag(lo - this.zxidLo) + 1);
    else {
      this.out.byte(0);
      this.out.int64(value);
    }
    this.zxidHi = hi;
    this.zxidLo = lo;
  }

  private sid(value: bigint): void {
    const small = Number(value);
    if (small < WHOLE_MAX && small > -WHOLE_MAX) this.out.varint(zigzag(small) + 1);
    else {
      this.out.byte(0);
      this.out.int64(value);
    }
  }

  /** A number by its difference to what was expected. */
  private step(value: number, expected: number): void {
    const off = value - expected;
    if (Number.isInteger(off) && off < WHOLE_MAX && off > -WHOLE_MAX) this.out.varint(zigzag(off) + 1);
    else {
      this.out.byte(0);
      this.out.float64(value);
    }
  }

  private time(ms: number): void {
    const micros = Math.round(ms * 1000);
    const kept = micros / 1000;
    if (this.events === 0 || kept < this.startMs) this.startMs = kept;
    if (this.events === 0 || kept > this.endMs) this.endMs = kept;
    this.step(micros, this.micros);
    this.micros = micros;
  }
}
