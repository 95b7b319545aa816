/**
 * One stream of `/events`: HTTP, a line of JSON for each event. What is no event is counted, and told once a
 * second as `feed.dropped`.
 */
import { type FilterText, filterQuery } from '../../events/filter.ts';
import type { FieldsOf, ZktEvent } from '../../events/table.ts';
import { eventFromJson } from '../../formatters/event-json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HttpAsking } from '../../ports/http.ts';
import type { Timer, Timers } from '../../ports/timers.ts';
import { FeedLines } from './feed-lines.ts';

/** A stream that says nothing for so long, not even an empty line, is dead: a server says one each 10 s. */
const SILENCE_MS = 30_000;
/** Of a refusal, no more is read. */
const REFUSAL_BYTES_MAX = 4096;
const REFUSAL_CHARS_MAX = 200;
const TELL_MS = 1000;

/** What it takes to listen. */
export interface FeedPorts {
  readonly http: HttpAsking;
  readonly timers: Timers;
  readonly clock: Clock;
}

/** What is asked for. */
export interface FeedRequest {
  /** `http://host:port`, without a path. */
  readonly url: string;
  readonly filter: FilterText;
  readonly last: number;
  readonly budget: number | undefined;
  readonly token: string | undefined;
  readonly timeoutMs: number;
}

/** Why a stream ended: it was refused, or it was lost. */
export interface FeedEnd {
  readonly refused: boolean;
  readonly why: string;
}

/** What a stream tells. */
export interface FeedHandler {
  /** The server has taken the question: status 200. */
  opened(): void;
  event(event: ZktEvent): void;
  /** Lines that were no events, or too many; told now and then. */
  dropped(fields: FieldsOf<'feed.dropped'>): void;
  /** Once, the last word; not after `cancel`. */
  ended(end: FeedEnd): void;
}

/** See the head of the file. */
export class ZktFeed {
  /** When anything came last, monotonic ms. */
  heardMs: number;
  private readonly ports: FeedPorts;
  private readonly asked: FeedRequest;
  private readonly handler: FeedHandler;
  private readonly lines = new FeedLines();
  private readonly question: { cancel(): void };
  private readonly ticking: Timer;
  private status = 0;
  private refusal = Buffer.alloc(0);
  private garbage = 0;
  private told = { garbage: 0, flood: 0 };
  private over = false;

  constructor(ports: FeedPorts, asked: FeedRequest, handler: FeedHandler) {
    this.ports = ports;
    this.asked = asked;
    this.handler = handler;
    this.heardMs = ports.clock.monotonicMs();
    const { token, timeoutMs } = asked;
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.question = ports.http.get(
      urlOf(asked),
      { timeoutMs, headers },
      {
        begun: (status) => this.begun(status),
        data: (chunk) => this.data(chunk),
        ended: (error) => this.end(error?.message ?? 'it ended the stream of events'),
      },
    );
    this.ticking = ports.timers.every(TELL_MS, () => this.tick());
  }

  /** Listens no more. */
  cancel(): void {
    if (this.over) return;
    this.over = true;
    this.ticking.cancel();
    this.question.cancel();
  }

  private begun(status: number): void {
    this.status = status;
    this.heardMs = this.ports.clock.monotonicMs();
    if (status === 200 && !this.over) this.handler.opened();
  }

  private data(chunk: Buffer): void {
    if (this.over) return;
    const now = this.ports.clock.monotonicMs();
    this.heardMs = now;
    if (this.status === 200) {
      this.lines.take(chunk, now, (text) => this.line(text));
    } else if (this.refusal.length < REFUSAL_BYTES_MAX) {
      this.refusal = Buffer.concat([this.refusal, chunk.subarray(0, REFUSAL_BYTES_MAX)]);
    } else this.end('');
  }

  private line(text: string): void {
    if (this.over) return;
    let event: ZktEvent | undefined;
    try {
      event = eventFromJson(JSON.parse(text));
    } catch {
      event = undefined;
    }
    if (event === undefined) this.garbage++;
    else this.handler.event(event);
  }

  private tick(): void {
    const quiet = this.ports.clock.monotonicMs() - this.heardMs;
    if (quiet >= SILENCE_MS)
      this.end(`its stream of events says nothing, not even that it lives, for ${SILENCE_MS / 1000} s`);
    else this.tell();
  }

  private tell(): void {
    const garbage = this.garbage + this.lines.tooLong;
    const flood = this.lines.tooMany;
    const { told } = this;
    this.told = { garbage, flood };
    const tell = (why: string, count: number): void => {
      if (count > 0) this.handler.dropped({ why, count, ms: 0 });
    };
    tell('garbage', garbage - told.garbage);
    tell('flood', flood - told.flood);
  }

  private end(why: string): void {
    if (this.over) return;
    this.lines.end();
    this.tell();
    this.cancel();
    if (this.status === 0 || this.status === 200) this.handler.ended({ refused: false, why });
    else this.handler.ended({ refused: true, why: refusalOf(this.status, this.refusal, this.asked.token) });
  }
}

function urlOf({ url, filter, last, budget }: FeedRequest): string {
  const query = [
    filterQuery(filter),
    ...(last > 0 ? [`last=${last}`] : []),
    ...(budget === undefined ? [] : [`budget=${budget}`]),
  ].filter((part) => part !== '');
  return `${url}/events${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

/** Why the HTTP admin does not tell, and what to do about it. */
function refusalOf(status: number, body: Buffer, token: string | undefined): string {
  if (status === 401 || status === 403) {
    return token === undefined
      ? 'its HTTP admin wants a token: give it with --token-file or ZKT_ADMIN_TOKEN'
      : 'its HTTP admin does not take this token';
  }
  let said = '';
  try {
    const json: unknown = JSON.parse(body.toString('utf8'));
    if (typeof json === 'object' && json !== null && 'error' in json) said = String(json.error);
  } catch {
    said = '';
  }
  const words = said.slice(0, REFUSAL_CHARS_MAX);
  return `its HTTP admin answers ${status} to /events${words === '' ? '' : `: ${words}`}`;
}
