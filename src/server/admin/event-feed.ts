/**
 * `/events`: the events of a server as lines of JSON, to whoever asks, for as long as they listen.
 *
 *     GET /events?names=request.*&path=/a&last=100&budget=400
 *
 * The filter is that of `events/filter.ts`. `last=N` begins with up to N of the past: of what is not of
 * `trace` level a bounded number is kept. `budget=N` is the most `trace` events a second (`EventBudget`),
 * samples aside.
 *
 * A server never waits for a listener. What one that reads slowly was not sent is counted, and told to it in
 * the stream as soon as it reads again. The first line is `feed.began`; an empty line now and then says that
 * the server lives.
 */
import { ZktError } from '../../base/errors.ts';
import type { Bus, Subscription } from '../../events/bus.ts';
import { EventFilter, FILTER_KEYS, filterQuery } from '../../events/filter.ts';
import type { EventName, FieldsOf, ZktEvent } from '../../events/table.ts';
import type { HttpReply, HttpRequest } from '../../ports/http.ts';
import { answerJson, HEADERS } from './answers.ts';
import { type BudgetWorld, EventBudget, isBudgeted } from './event-budget.ts';
import { EventPast } from './event-past.ts';

/** Listeners at a time. */
const LISTENERS_MAX = 32;
/** Bytes that may wait for a listener; beyond, it loses events. */
const WAITING_BYTES_MAX = 1024 * 1024;
/** A line to say that the server lives. */
const KEEP_ALIVE_MS = 10_000;
/** A filter that is told of is no longer than this: whoever asks must not fill the memory of the past. */
const SHOWN_FILTER_MAX = 200;

/** What a feed is made of. */
export interface FeedWorld extends BudgetWorld {
  readonly bus: Bus;
  /** An event as a line of JSON, without the line break. */
  readonly line: (event: ZktEvent) => string;
  readonly node: string;
  readonly version: string;
  readonly sid: bigint;
}

/** See the head of the file. */
export class EventFeed {
  private readonly world: FeedWorld;
  private readonly past: EventPast;
  private readonly listeners = new Set<Listener>();

  /** Keeps events from here on. */
  constructor(world: FeedWorld) {
    this.world = { ...world, line: onceEach(world.line) };
    this.past = new EventPast(world.bus);
  }

  /** Answers a request for the stream. */
  handle(request: HttpRequest, reply: HttpReply): void {
    if (this.listeners.size >= LISTENERS_MAX) {
      answerJson(request, reply, 503, { error: `there are ${LISTENERS_MAX} listeners already` });
      return;
    }
    let asked: Asked;
    try {
      asked = askedFor(request.query);
    } catch (thrown) {
      if (!(thrown instanceof ZktError)) throw thrown;
      answerJson(request, reply, 400, { error: thrown.message });
      return;
    }
    const { bus } = this.world;
    const listener = new Listener(this.world, asked, reply);
    this.listeners.add(listener);
    reply.onGone(() => this.gone(listener, request.remote));
    listener.begin(this.past);
    if (bus.on['feed.opened']) {
      const filter = asked.text.slice(0, SHOWN_FILTER_MAX);
      bus.emit('feed.opened', { remote: request.remote, filter });
    }
  }

  /** Ends every stream. */
  close(): void {
    this.past.close();
    for (const listener of [...this.listeners]) {
      this.listeners.delete(listener);
      listener.close();
      listener.end();
    }
  }

  private gone(listener: Listener, remote: string): void {
    if (!this.listeners.delete(listener)) return;
    listener.close();
    const { bus } = this.world;
    const { sent, dropped } = listener;
    if (bus.on['feed.closed']) bus.emit('feed.closed', { remote, sent, dropped, why: 'it has gone' });
  }
}

/** What a request asks for. */
interface Asked {
  readonly filter: EventFilter;
  /** The filter as it was asked for. */
  readonly text: string;
  readonly last: number;
  /** `trace` events a second; undefined for all. */
  readonly budget: number | undefined;
}

function askedFor(query: URLSearchParams): Asked {
  const known: readonly string[] = [...FILTER_KEYS, 'last', 'budget'];
  const filter: Record<string, string> = {};
  for (const [key, value] of query) {
    if (!known.includes(key))
      throw new ZktError('ZKT_USAGE', { why: `/events knows ${known.join(', ')}, not ${key}` });
    if (key !== 'last' && key !== 'budget') filter[key] = value;
  }
  const last = wholeOf(query, 'last') ?? 0;
  return {
    filter: new EventFilter(filter),
    text: filterQuery(filter),
    last,
    budget: wholeOf(query, 'budget'),
  };
}

function wholeOf(query: URLSearchParams, key: string): number | undefined {
  const text = query.get(key);
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new ZktError('ZKT_USAGE', { why: `${key} is a whole number, not ${text}` });
}

/** An event goes to all who listen one after the other: its line is made for the first of them. */
function onceEach(lineOf: (event: ZktEvent) => string): (event: ZktEvent) => string {
  let last: ZktEvent | undefined;
  let line = '';
  return (event) => {
    if (event !== last) {
      line = lineOf(event);
      last = event;
    }
    return line;
  };
}

/** One stream. */
class Listener {
  sent = 0;
  dropped = 0;
  private readonly world: FeedWorld;
  private readonly asked: Asked;
  private readonly reply: HttpReply;
  private readonly filter: EventFilter;
  private readonly budget: EventBudget | undefined;
  private readonly subscriptions: Subscription[] = [];
  private lines: string[] = [];
  private waitingChars = 0;
  /** What was lost since it read slowly, and for how long the budget rested meanwhile, ms. */
  private untold = 0;
  private untoldRestMs = 0;
  private flushing = false;
  private readonly alive: { cancel(): void };

  constructor(world: FeedWorld, asked: Asked, reply: HttpReply) {
    this.world = world;
    this.asked = asked;
    this.reply = reply;
    this.filter = asked.filter;
    this.budget =
      asked.budget === undefined
        ? undefined
        : new EventBudget(world, asked.budget, (ms) => {
            this.untoldRestMs += ms;
            if (!this.full) this.catchUp();
          });
    this.alive = world.timers.every(KEEP_ALIVE_MS, () => {
      if (this.full) return;
      this.catchUp();
      reply.write('\n');
    });
  }

  begin(past: EventPast): void {
    this.reply.begin(200, { 'content-type': 'application/x-ndjson', ...HEADERS });
    const { last } = this.asked;
    const names = new Set(this.filter.names);
    const wanted = (e: ZktEvent): boolean => names.has(e.name) && this.filter.wants(e);
    const shown = last === 0 ? [] : past.last(last, wanted);
    const { version, sid } = this.world;
    const forgotten = last > shown.length ? past.forgotten : 0;
    this.tell('feed.began', { version, sid, replayed: shown.length, forgotten });
    for (const event of shown) this.add(event);
    this.listen();
  }

  /** What counts against the budget is listened to apart: while that rests, all else goes on. */
  private listen(): void {
    const { bus } = this.world;
    const { budget } = this;
    const counted = budget === undefined ? [] : this.filter.names.filter(isBudgeted);
    const free = this.filter.names.filter((name) => !counted.includes(name));
    this.subscriptions.push(bus.subscribe({ names: free, take: (event) => this.take(event) }));
    if (budget === undefined || counted.length === 0) return;
    const subscription = bus.subscribe({
      names: counted,
      take: (event) => {
        budget.spend(subscription);
        this.take(event);
      },
    });
    this.subscriptions.push(subscription);
  }

  close(): void {
    for (const each of this.subscriptions) each.close();
    this.budget?.close();
    this.alive.cancel();
  }

  end(): void {
    this.flush();
    this.reply.end();
  }

  private take(event: ZktEvent): void {
    if (!this.filter.wants(event)) return;
    if (this.full) {
      this.dropped++;
      this.untold++;
      return;
    }
    this.catchUp();
    this.add(event);
  }

  /** The reader is slow: nothing more is kept for it. */
  private get full(): boolean {
    return this.waitingChars + this.reply.pendingBytes > WAITING_BYTES_MAX;
  }

  /** It reads: what it missed is told. */
  private catchUp(): void {
    const { untold: count, untoldRestMs: ms } = this;
    this.untold = 0;
    this.untoldRestMs = 0;
    if (count > 0) this.tell('feed.dropped', { why: 'slow', count, ms: 0 });
    if (ms > 0) this.tell('feed.dropped', { why: 'budget', count: 0, ms });
  }

  /** What the stream says of itself. */
  private tell<N extends EventName>(name: N, fields: FieldsOf<N>): void {
    const { node, clock } = this.world;
    this.add({ name, node, seq: 0, time: clock.wallMs(), fields } as ZktEvent);
  }

  private add(event: ZktEvent): void {
    const line = this.world.line(event);
    this.sent++;
    this.lines.push(line);
    this.waitingChars += line.length + 1;
    if (this.flushing) return;
    this.flushing = true;
    this.world.timers.soon(() => this.flush());
  }

  /** One write for all events of a turn. */
  private flush(): void {
    this.flushing = false;
    if (this.lines.length === 0) return;
    const text = `${this.lines.join('\n')}\n`;
    this.lines = [];
    this.waitingChars = 0;
    this.reply.write(text);
  }
}
