/**
 * A run in words, a line for each thing that happened: when, where, what. Events speak the sentences of the
 * log; faults and clients speak for themselves.
 */
import { hex0x } from '../base/brands.ts';
import { EVENTS, type EventLevel, type ZktEvent } from '../events/table.ts';
import { besides, wordsOf } from '../formatters/event-words.ts';
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

/** An event as a sentence, with the figures that are not in it. */
function eventText(event: ZktEvent): string {
  const says = wordsOf(event);
  const figures = besides(event, says).map(([field, value]) => `${field}=${value}`);
  return `${says} [${[event.name, ...figures].join(' ')}]`;
}

function operationText({ op, body, session, reply, sentMs }: HistoryRequest): string {
  const path = (body as { path?: string } | undefined)?.path;
  const asked = [opName(op) ?? String(op), ...(path === undefined ? [] : [path])].join(' ');
  const { err = ERR.OK, zxid = 0n, atMs = sentMs } = reply ?? {};
  const answer = err === ERR.OK ? 'ok' : (errName(err) ?? String(err));
  return `${asked}: ${answer} at ${hex0x(zxid)}, ${(atMs - sentMs).toFixed(1)} ms, session ${hex0x(session)}`;
}
