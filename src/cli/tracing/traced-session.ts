/**
 * A session of which everything is told: the events of all servers are listened to before the first request
 * leaves, and for a while after the last answer.
 */

import { hex0x } from '../../base/brands.ts';
import type { Client } from '../../client/api.ts';
import { ZkClient } from '../../client/client.ts';
import type { FilterText } from '../../events/filter.ts';
import { CLIENT, type Trace } from '../../events/trace.ts';
import { observeEnsemble } from '../../inspect/observe/observe-ensemble.ts';
import type { EventSource } from '../../inspect/source.ts';
import { assembleFrom } from '../../inspect/trace/assemble.ts';
import { ClientTap } from '../../inspect/trace/client-tap.ts';
import { EventBook } from '../../inspect/trace/event-book.ts';
import { Faces } from '../../inspect/trace/faces.ts';
import { stampClock, systemClock } from '../../platform/clock.ts';
import { systemNet } from '../../platform/net.ts';
import { systemRandom } from '../../platform/random.ts';
import { systemTimers } from '../../platform/timers.ts';
import { parseMembershipText } from '../../server/quorum/membership-text.ts';
import { reach } from '../nodes/reach.ts';
import type { OneShotSession } from '../one-shot.ts';
import type { ObserverSettings } from '../settings/observer-options.ts';
import { OBSERVER_PORTS } from '../settings/observer-ports.ts';
import type { Settings } from '../settings/settings.ts';
import { allHeard } from './heard.ts';

/** What a trace is made of; samples are left out. */
export const TRACED_NAMES = [
  'request.*',
  'peer.state',
  'log.synced',
  'zab.proposed',
  'zab.proposal-received',
  'zab.acked',
  'zab.committed',
  'zab.packet-sent',
  'zab.packet-received',
].join(',');

/** What to trace, and how long to wait. */
export interface TracedOptions {
  readonly observer: ObserverSettings;
  /** The beginning and the end of the session too. */
  readonly withSession: boolean;
  /** Requests traced; those beyond are counted. */
  readonly limit: number;
  /** How long late stages are waited for, ms. */
  readonly lateMs: number;
  /** Late stages are waited for no longer. */
  readonly stop: AbortSignal;
}

/** Time for one server to open the session, so that one that hangs does not hide the others. */
const CONNECT_MS_MAX = 5_000;
const POLL_MS = 10;
const REQUESTS_KEPT = 4_096;
const pause = (ms: number): Promise<void> => new Promise((resolve) => void systemTimers.after(ms, resolve));

/** See the head of the file. */
export class TracedSession implements OneShotSession {
  private readonly settings: Settings;
  private readonly options: TracedOptions;
  private readonly tap: ClientTap;
  private readonly book: EventBook;
  private readonly faces = new Faces();
  private client: Client | undefined;
  private opening: Promise<Client> | undefined;
  private source: EventSource | undefined;
  private traces: readonly Trace[] = [];
  private dropped = 0;

  constructor(settings: Settings, options: TracedOptions) {
    this.settings = settings;
    this.options = options;
    this.tap = new ClientTap(systemNet, stampClock, options.limit);
    // With the session's beginning, others are listened to as well.
    this.book = new EventBook({ requests: REQUESTS_KEPT + options.limit });
  }

  /** What came of it; after `close`. */
  get result(): readonly Trace[] {
    return this.traces;
  }

  /** Requests beyond the limit. */
  get untraced(): number {
    return this.tap.untaken;
  }

  /** Events that did not come, as far as servers say how many. */
  get lost(): number {
    // Those of others push each other out of the book; that is no loss.
    return this.dropped + (this.options.withSession ? 0 : this.book.lost);
  }

  open(): Promise<Client> {
    this.opening ??= this.begin();
    return this.opening;
  }

  async close(): Promise<void> {
    const { client } = this;
    if (client === undefined) return;
    if (this.options.withSession) await client.close();
    else this.tap.taking = false;
    if (this.source !== undefined) this.traces = await this.late();
    this.source?.stop();
    await client.close();
  }

  private async begin(): Promise<Client> {
    if (this.options.withSession) {
      this.listen({ names: TRACED_NAMES });
      await allHeard(OBSERVER_PORTS, this.faces, []);
      this.tap.taking = true;
      return await this.connect();
    }
    const client = await this.connect();
    const members = await membersOf(client);
    this.listen({ names: TRACED_NAMES, session: hex0x(client.sessionId) });
    await allHeard(OBSERVER_PORTS, this.faces, members);
    this.tap.taking = true;
    return client;
  }

  private async connect(): Promise<Client> {
    const { servers, auth, timeoutMs, readOnly } = this.settings;
    this.client = new ZkClient(
      {
        servers,
        auth,
        readOnly,
        clientName: `zkt trace (pid ${process.pid})`,
        requestTimeoutMs: timeoutMs,
        connectTimeoutMs: Math.min(timeoutMs, CONNECT_MS_MAX),
      },
      { net: this.tap, clock: systemClock, timers: systemTimers, random: systemRandom },
    );
    await reach(this.client, timeoutMs);
    return this.client;
  }

  private listen(filter: FilterText): void {
    this.source = observeEnsemble(OBSERVER_PORTS, { ...this.options.observer, filter });
    this.source.start((event) => {
      this.faces.take(event);
      this.book.take(event);
      if (event.name === 'feed.dropped') this.dropped += event.fields.count;
    });
  }

  /** Waits for what other servers do after the answer. */
  private async late(): Promise<readonly Trace[]> {
    const until = systemClock.monotonicMs() + this.options.lateMs;
    for (;;) {
      const traces = assembleFrom(this.book, this.tap.requests, this.faces);
      const whole = traces.every(
        (trace) => trace.missing.length === 0 && !isAckAwaited(trace) && !this.isUnheard(trace),
      );
      if (whole || this.options.stop.aborted || systemClock.monotonicMs() >= until) return traces;
      await pause(POLL_MS);
    }
  }

  /** Nothing was told of it yet, though a server that tells may have been asked. */
  private isUnheard({ stages }: Trace): boolean {
    if (stages.some(({ node }) => node !== CLIENT)) return false;
    const { server } = this.client ?? {};
    const node = this.faces.nodeAt(server);
    const asked = node === undefined ? undefined : this.faces.get(node);
    return asked === undefined ? this.faces.all.some(({ tells }) => tells) : asked.tells;
  }
}

/**
 * The leader tells, and has not told of the ACK of a follower that tells nothing itself: the ACK is all that
 * will be known of it.
 */
function isAckAwaited({ servers, quorum }: Trace): boolean {
  if (quorum === undefined || quorum.by === undefined) return false;
  return servers.some(
    ({ node, role, silent }) =>
      role === 'follower' && silent !== undefined && !quorum.acks.some((ack) => ack.node === node),
  );
}

/** Ids of the members; none for a server that stands alone, or where they may not be read. */
async function membersOf(client: Client): Promise<string[]> {
  try {
    const { data } = await client.getConfig();
    const membership = parseMembershipText(data?.toString('utf8') ?? '');
    return membership?.members.map(({ id }) => String(id)) ?? [];
  } catch {
    return [];
  }
}
