/**
 * The one table of events. Name, fields, level, sentence and metric of everything zkt tells about itself; the
 * union type, the NDJSON line, the server's log, metrics, `docs/events.md`, dashboards, traces and checkers
 * derive from it.
 *
 * Names are `noun.happened`. Machines only emit; the bus stamps node, sequence and time.
 */

import { CLIENT_EVENTS } from './client-events.ts';
import type { EventSpec, FieldKind, FieldKinds } from './declare.ts';
import { ELECTION_EVENTS } from './election-events.ts';
import { OBSERVER_EVENTS } from './observer-events.ts';
import { SERVER_EVENTS } from './server-events.ts';
import { STORAGE_EVENTS } from './storage-events.ts';
import { ZAB_EVENTS } from './zab-events.ts';

export type { EventLevel, EventSpec, FieldKind, FieldKinds } from './declare.ts';

/** Every event there is. */
export const EVENTS = {
  ...SERVER_EVENTS,
  ...CLIENT_EVENTS,
  ...STORAGE_EVENTS,
  ...ELECTION_EVENTS,
  ...ZAB_EVENTS,
  ...OBSERVER_EVENTS,
} as const satisfies Record<string, EventSpec>;

/** The name of an event. */
export type EventName = keyof typeof EVENTS;
/** The fields of an event, by its name. */
export type FieldsOf<N extends EventName> = {
  -readonly [K in keyof (typeof EVENTS)[N]['fields']]: (typeof EVENTS)[N]['fields'][K] extends FieldKind
    ? FieldKinds[(typeof EVENTS)[N]['fields'][K]]
    : never;
};

/** An event as it happened: which, where, in what order, when (wall clock, ms since 1970), and its fields. */
export type ZktEvent = {
  [N in EventName]: {
    readonly name: N;
    readonly node: string;
    readonly seq: number;
    readonly time: number;
    readonly fields: FieldsOf<N>;
  };
}[EventName];

/** Every event name. */
export const EVENT_NAMES = Object.keys(EVENTS) as EventName[];

/** Whether an event tells how things are, once a second, and not what happened (ADR 6). */
export const isSample = (name: EventName): boolean => name.endsWith('sampled');
