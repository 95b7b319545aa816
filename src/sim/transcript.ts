/**
 * A run in words, a line for each thing that happened: when, where, what. Events speak the sentences of the
 * event table; faults and clients speak for themselves.
 */
import { hex0x } from '../base/brands.ts';
import { EVENTS, type EventLevel, type ZktEvent } from '../events/table.ts';
import { ERR, errName } from '../protocol/error-codes.ts';
import { opName } from '../protocol/opcodes.ts';
import type { HistoryRequest } from './checkers/history.ts';
import type { ClusterListener } from './cluster.ts';

/** What is told. */
export interface TranscriptOptions {
  /** Events of servers from this level on. Default `info`. */
  readonly level?: EventLevel;
  /** Operations of clients too. Default true. */
  readonly operations?: boolean;
}

const LEVELS: readonly EventLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

/** See the head of the file. `line` takes each line, `now` is the simulated time, ms. */
export function transcript(
  line: (text: string) => void,
  now: () => number,
  { level = 'info', operations = true }: TranscriptOptions = {},
): ClusterListener {
  const from = LEVELS.indexOf(level);
  const tell = (who: string, text: string): void => {
    line(`${(now() / 1000).toFixed(3).padStart(9)}  ${who.padEnd(5)} ${text}`);
  };
  return {
    say: tell,
    event: (node, event) => {
      if (LEVELS.indexOf(EVENTS[event.name].level) >= from) tell(node.name, eventText(event));
    },
    replied: (client, request) => {
      if (operations) tell(client, operationText(request));
    },
  };
}

/** An event as a sentence with its figures. */
function eventText({ name, fields }: ZktEvent): string {
  const kinds: Readonly<Record<string, string>> = EVENTS[name].fields;
  const figures = Object.entries(fields).map(([field, value]) => {
    const hex = kinds[field] === 'zxid' || kinds[field] === 'session';
    const text = typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(1) : String(value);
    return `${field}=${hex ? hex0x(value as bigint) : text}`;
  });
  return `${EVENTS[name].says} [${[name, ...figures].join(' ')}]`;
}

function operationText({ op, body, session, reply, sentMs }: HistoryRequest): string {
  const path = (body as { path?: string } | undefined)?.path;
  const asked = [opName(op) ?? String(op), ...(path === undefined ? [] : [path])].join(' ');
  const { err = ERR.OK, zxid = 0n, atMs = sentMs } = reply ?? {};
  const answer = err === ERR.OK ? 'ok' : (errName(err) ?? String(err));
  return `${asked}: ${answer} at ${hex0x(zxid)}, ${(atMs - sentMs).toFixed(1)} ms, session ${hex0x(session)}`;
}
