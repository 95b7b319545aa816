/**
 * Prints a stream of events: a line of JSON each, or words for people. A reader that is slower than the
 * stream loses events, counted and told in the stream itself, as it is with every other listener.
 */
import type { EventFilter } from '../../events/filter.ts';
import { EVENTS, type EventLevel, type ZktEvent } from '../../events/table.ts';
import { escapeJson, escapeLine } from '../../formatters/escape.ts';
import { eventToJson } from '../../formatters/event-json.ts';
import { besides, wordsOf } from '../../formatters/event-words.ts';
import { timeText } from '../../formatters/time-text.ts';
import { type Io, paint, type Style } from '../io.ts';
import type { OutputFormat } from '../settings/global-options.ts';

/** Events that may wait for a slow reader, and those written with one call. */
const WAITING_MAX = 50_000;
const PIECE = 500;

const STYLES: Readonly<Record<EventLevel, Style | undefined>> = {
  trace: 'dim',
  debug: 'dim',
  info: undefined,
  warn: 'yellow',
  error: 'red',
};

/** See the head of the file. */
export class EventPrinter {
  private readonly io: Io;
  private readonly format: OutputFormat;
  private readonly filter: EventFilter;
  private readonly names: ReadonlySet<string>;
  private readonly limit: number;
  private readonly full: () => void;
  private waiting: ZktEvent[] = [];
  private pumping: Promise<void> | undefined;
  private lost = 0;
  private count = 0;

  /** After `limit` events `full` is called, and nothing is printed any more. */
  constructor(io: Io, format: OutputFormat, filter: EventFilter, limit: number, full: () => void) {
    this.io = io;
    this.format = format;
    this.filter = filter;
    this.names = new Set(filter.names);
    this.limit = limit;
    this.full = full;
  }

  /** An event of the stream, wanted or not. */
  take(event: ZktEvent): void {
    // What a stream says of itself is always told, and is no answer to "the first N".
    const tells = event.name.startsWith('feed.');
    if (this.count >= this.limit || !(tells || this.names.has(event.name))) return;
    if (!this.filter.wants(event)) return;
    if (this.waiting.length >= WAITING_MAX) {
      this.lost++;
      return;
    }
    this.waiting.push(event);
    if (!tells && ++this.count >= this.limit) this.full();
    this.pumping ??= this.pump();
  }

  /** Resolves when all that was taken has been printed. */
  async end(): Promise<void> {
    await this.pumping;
  }

  private async pump(): Promise<void> {
    const { stdout } = this.io;
    // What comes in the same turn is written with it.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const piece = this.waiting.splice(0, PIECE);
      const last = piece.at(-1) as ZktEvent;
      let text = piece.map((event) => this.lineOf(event)).join('');
      if (this.lost > 0 && this.waiting.length === 0) text += this.lineOf(this.lossAfter(last));
      if (!stdout.write(text)) await stdout.drained();
    }
    this.pumping = undefined;
  }

  private lossAfter({ node, time }: ZktEvent): ZktEvent {
    const count = this.lost;
    this.lost = 0;
    return { name: 'feed.dropped', node, seq: 0, time, fields: { why: 'slow', count, ms: 0 } };
  }

  private lineOf(event: ZktEvent): string {
    if (this.format !== 'table') return `${escapeJson(JSON.stringify(eventToJson(event)))}\n`;
    const words = wordsOf(event);
    const more = besides(event, words).map(([key, value]) => `${key}=${value}`);
    const text = escapeLine(`${event.name.padEnd(NAME_COLUMNS)} ${[words, ...more].join('  ')}`);
    const { stdout } = this.io;
    const style = STYLES[EVENTS[event.name].level];
    const head = escapeLine(`${timeText(event.time, 'us')}  ${event.node.padEnd(2)} `);
    return `${paint(stdout, 'dim', head)}${style === undefined ? text : paint(stdout, style, text)}\n`;
  }
}

/** Most names fit. */
const NAME_COLUMNS = 24;
