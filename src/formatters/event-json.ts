import { hex0x } from '../base/brands.ts';
import { EVENTS, type EventName, type FieldKind, type ZktEvent } from '../events/table.ts';

/** Version of the line's schema. */
const EVENT_SCHEMA_VERSION = 1;

/**
 * An event as one JSON value: zxids and sessions as `0x…`, server ids as numbers (as text where a number
 * cannot hold them), the time in ISO-8601 UTC.
 */
export const eventToJson = (event: ZktEvent): Record<string, unknown> => {
  const fields: Record<string, unknown> = {};
  const kinds: Readonly<Record<string, string>> = EVENTS[event.name].fields;
  for (const [key, value] of Object.entries(event.fields)) {
    if (typeof value !== 'bigint') fields[key] = value;
    else fields[key] = kinds[key] === 'sid' ? sidJson(value) : hex0x(value);
  }
  const { name, node, seq } = event;
  return { v: EVENT_SCHEMA_VERSION, time: timeText(event.time), node, seq, name, ...fields };
};

/** A server id as a number; the ids that only a message without a vote has are beyond what one can hold. */
const sidJson = (sid: bigint): number | string =>
  Number.isSafeInteger(Number(sid)) ? Number(sid) : String(sid);

/** ISO-8601 UTC with microseconds where there are any; `wallMs` since 1970. */
function timeText(wallMs: number): string {
  const whole = Math.floor(wallMs);
  const micros = Math.floor((wallMs - whole) * 1000);
  const text = new Date(whole).toISOString();
  return micros === 0 ? text : `${text.slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
}

/** The time that `timeText` wrote, ms since 1970; undefined for what is no time. */
function timeOf(text: unknown): number | undefined {
  const found = typeof text === 'string' ? /^(.*\.\d{3})(\d{3})?Z$/.exec(text) : null;
  if (found === null) return undefined;
  const ms = Date.parse(`${found[1]}Z`);
  return Number.isNaN(ms) ? undefined : ms + Number(found[2] ?? 0) / 1000;
}

const HEX = /^0x[0-9a-f]{1,16}$/;
const DECIMAL = /^-?\d{1,19}$/;

/** A field as its kind wants it; undefined for a value that is none of it. */
function fieldOf(kind: FieldKind, value: unknown): unknown {
  if (kind === 'sid') {
    if (Number.isSafeInteger(value)) return BigInt(value as number);
    const large = typeof value === 'string' && DECIMAL.test(value) && !Number.isSafeInteger(Number(value));
    return large ? BigInt.asIntN(64, BigInt(value)) : undefined;
  }
  if (kind === 'zxid' || kind === 'session') {
    return typeof value === 'string' && HEX.test(value) ? BigInt.asIntN(64, BigInt(value)) : undefined;
  }
  const wanted = kind === 'text' ? 'string' : kind === 'flag' ? 'boolean' : 'number';
  return typeof value === wanted ? value : undefined;
}

/**
 * The event that a line of the stream tells (`eventToJson`, parsed); undefined for what is none: an event of
 * another release of zkt, or no event at all. Fields that are missing or of a wrong kind make it none; fields
 * that are not in the table are left out.
 */
export function eventFromJson(line: unknown): ZktEvent | undefined {
  if (typeof line !== 'object' || line === null) return undefined;
  const json = line as Readonly<Record<string, unknown>>;
  const { name, node, seq } = json;
  const time = timeOf(json.time);
  if (typeof name !== 'string' || !Object.hasOwn(EVENTS, name)) return undefined;
  if (typeof node !== 'string' || typeof seq !== 'number' || time === undefined) return undefined;
  const fields: Record<string, unknown> = {};
  for (const [key, kind] of Object.entries(EVENTS[name as EventName].fields)) {
    const value = fieldOf(kind, json[key]);
    if (value === undefined) return undefined;
    fields[key] = value;
  }
  return { name, node, seq, time, fields } as ZktEvent;
}
