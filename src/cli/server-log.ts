/**
 * The log of `zkt server`: events as pino lines on stderr. JSON, one object a line, so that no value can
 * begin a line of its own; readable lines where stderr is a terminal.
 *
 * pino is loaded only once the server serves, since clients need not wait for it: until then lines are kept.
 */
import type { Logger } from 'pino';
import { type Bus, namesAtLevel, type Subscription } from '../events/bus.ts';
import { EVENTS, type EventLevel, type ZktEvent } from '../events/table.ts';
import { escapeLine, escapeText } from '../formatters/escape.ts';
import { eventToJson } from '../formatters/event-json.ts';
import { besides, wordsOf } from '../formatters/event-words.ts';

/** Levels of `--log-level`. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
/** A level of `--log-level`. */
export type LogLevel = (typeof LOG_LEVELS)[number];
/** Forms of `--log-format`; `auto` is `pretty` on a terminal. */
export const LOG_FORMATS = ['auto', 'json', 'pretty'] as const;
/** A form of `--log-format`. */
export type LogFormat = (typeof LOG_FORMATS)[number];

/** How to log. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly pretty: boolean;
  readonly colour: boolean;
  /** Where to: an open file descriptor. */
  readonly fd: number;
}

/** Lines kept before pino is there; what is beyond is counted and told. */
const KEPT_MAX = 10_000;
/** At trace level lines are gathered to this many bytes, and dropped beyond the other. */
const GATHER_BYTES = 4096;
/** And no longer than this. */
const GATHER_MS = 100;
const WAITING_BYTES_MAX = 16 * 1024 * 1024;

/** Writes the events of a bus. */
export class ServerLog {
  private readonly options: LogOptions;
  private readonly subscription: Subscription | undefined;
  private kept: { level: EventLevel; fields: Record<string, unknown>; message: string }[] = [];
  private lost = 0;
  private logger: Logger | undefined;
  private flushNow: () => void = () => {};

  /** Listens from here on. */
  constructor(bus: Bus, options: LogOptions) {
    this.options = options;
    const { level } = options;
    if (level === 'silent') return;
    this.subscription = bus.subscribe({ names: namesAtLevel(level), take: (event) => this.take(event) });
  }

  /** Loads pino, writes what was kept, and from here on each line as it comes. */
  async open(): Promise<void> {
    if (this.options.level === 'silent') return;
    const { pino } = await import('pino');
    const busy = this.options.level === 'trace' || this.options.level === 'debug';
    const settings = {
      level: this.options.level,
      base: null,
      timestamp: false as const,
      formatters: { level: (label: string) => ({ level: label }) },
    };
    if (this.options.pretty) {
      const { default: prettyStream } = await import('pino-pretty');
      const stream = prettyStream({
        destination: this.options.fd,
        sync: true,
        colorize: this.options.colour,
        singleLine: true,
        timestampKey: 'time',
        translateTime: 'SYS:HH:MM:ss.l',
      });
      this.logger = pino(settings, stream);
    } else {
      const gather = busy
        ? { sync: false, minLength: GATHER_BYTES, maxLength: WAITING_BYTES_MAX, periodicFlush: GATHER_MS }
        : { sync: true };
      const stream = pino.destination({ dest: this.options.fd, ...gather });
      // A reader of the log that has gone must not end the server.
      stream.on('error', () => {});
      if (busy) this.flushNow = () => stream.flushSync();
      this.logger = pino(settings, stream);
    }
    for (const { level, fields, message } of this.kept.splice(0)) this.logger[level](fields, message);
    if (this.lost > 0)
      this.logger.warn({ lost: this.lost }, 'Lines of the log were lost before it could be opened.');
  }

  /** A line that is no event (how to connect), said at that time, ms since 1970. */
  say(message: string, wallMs: number): void {
    this.write('info', { time: new Date(wallMs).toISOString() }, message);
  }

  /** Writes what is gathered; call before the process ends. */
  close(): void {
    this.subscription?.close();
    try {
      this.flushNow();
    } catch {
      // Nobody reads the log any more.
    }
  }

  private take(event: ZktEvent): void {
    const { level } = EVENTS[event.name];
    const says = wordsOf(event);
    if (!this.options.pretty) {
      this.write(level, eventToJson(event), says);
      return;
    }
    const { name } = event;
    const head = { time: new Date(event.time).toISOString(), name };
    this.write(level, { ...head, ...safeToShow(besides(event, says)) }, escapeLine(says));
  }

  private write(level: EventLevel, fields: Record<string, unknown>, message: string): void {
    if (this.logger !== undefined) this.logger[level](fields, message);
    else if (this.kept.length < KEPT_MAX) this.kept.push({ level, fields, message });
    else this.lost++;
  }
}

/** Texts may come from clients: on a terminal they are escaped. */
const safeToShow = (fields: ReturnType<typeof besides>): Record<string, unknown> =>
  Object.fromEntries(
    fields.map(([key, value]) => [key, typeof value === 'string' ? escapeText(value) : value]),
  );
