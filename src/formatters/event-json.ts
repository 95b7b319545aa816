import { hex0x } from '../base/brands.ts';
import type { ZktEvent } from '../events/table.ts';

/** Version of the line's schema. */
const EVENT_SCHEMA_VERSION = 1;

/** An event as one JSON value: zxids and sessions as `0x…`, the time in ISO-8601 UTC. */
export const eventToJson = (event: ZktEvent): Record<string, unknown> => {
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(event.fields)) {
    fields[key] = typeof value === 'bigint' ? hex0x(value) : value;
  }
  const { name, node, seq } = event;
  return { v: EVENT_SCHEMA_VERSION, time: new Date(event.time).toISOString(), node, seq, name, ...fields };
};
