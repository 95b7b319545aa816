import { hex0x } from '../base/brands.ts';
import { EVENTS, type ZktEvent } from '../events/table.ts';

/** Version of the line's schema. */
const EVENT_SCHEMA_VERSION = 1;

/**
 * An event as one JSON value: zxids and sessions as `0x…`, server ids as numbers, the time in ISO-8601 UTC.
 */
export const eventToJson = (event: ZktEvent): Record<string, unknown> => {
  const fields: Record<string, unknown> = {};
  const kinds: Readonly<Record<string, string>> = EVENTS[event.name].fields;
  for (const [key, value] of Object.entries(event.fields)) {
    if (typeof value !== 'bigint') fields[key] = value;
    else fields[key] = kinds[key] === 'sid' ? Number(value) : hex0x(value);
  }
  const { name, node, seq } = event;
  return { v: EVENT_SCHEMA_VERSION, time: new Date(event.time).toISOString(), node, seq, name, ...fields };
};
