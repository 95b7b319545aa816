/**
 * The HTTP admin of a server process. It opens once there is something to ask, so that what it is made of
 * (node:http above all) is loaded after the server serves, and does not hold up its start.
 */
import { invariant } from '../../base/invariant.ts';
import type { Subscription } from '../../events/bus.ts';
import type { ZktEvent } from '../../events/table.ts';
import type { Disk } from '../../ports/disk.ts';
import type { HttpListener } from '../../ports/http.ts';
import { EventCounts } from '../../server/admin/event-counts.ts';
import { EventFeed } from '../../server/admin/event-feed.ts';
import type { PrometheusText } from '../../server/admin/prometheus.ts';
import type { AdminAnswers } from '../../server/node/admin-answers.ts';
import { serverVersion } from '../server-version.ts';
import type { Instrument, Laboratory } from './laboratory.ts';

/**
 * The first clients, and the log, come first; a member that looks for a leader has better to do for longer.
 */
const SERVING_MS = 25;
const LOOKING_MS = 300;

/** More of a configuration than this is not shown. */
const CONFIG_BYTES_MAX = 1024 * 1024;

/** Begins with the server. */
export function startAdmin(lab: Laboratory): Instrument {
  return lab.config.admin.enabled ? new AdminInstrument(lab) : { close() {} };
}

class AdminInstrument implements Instrument {
  private readonly lab: Laboratory;
  private readonly waiting: Subscription;
  private readonly feed: EventFeed;
  private readonly counts = new EventCounts();
  private readonly counting: Subscription;
  /**
   * From the first scrape on: prom-client, and Node's own metrics, are looked at only where somebody asks.
   */
  private prometheus: Promise<PrometheusText> | undefined;
  /** Loaded with what writes it. */
  private line: ((event: ZktEvent) => string) | undefined;
  private begun = false;
  private closed = false;
  private listener: HttpListener | undefined;

  constructor(lab: Laboratory) {
    this.lab = lab;
    const { config, world, bus } = lab;
    const node = String(config.serverId);
    this.counting = this.counts.subscribe(bus);
    this.feed = new EventFeed({
      bus,
      clock: world.clock,
      timers: world.timers,
      line: (event) => {
        invariant(this.line !== undefined, 'nobody listens before the port is open');
        return this.line(event);
      },
      node,
      version: serverVersion(),
      sid: BigInt(config.serverId),
    });
    this.waiting = lab.bus.subscribe({
      names: ['server.serving', 'peer.state'],
      take: ({ name }) => this.beginSoon(name === 'server.serving' ? SERVING_MS : LOOKING_MS),
    });
  }

  close(): void {
    this.closed = true;
    this.waiting.close();
    this.counting.close();
    this.lab.reports.adminAt = undefined;
    this.feed.close();
    this.listener?.close(() => {});
  }

  private beginSoon(ms: number): void {
    if (this.begun) return;
    this.begun = true;
    const { world, bus, config } = this.lab;
    world.timers.after(ms, () => {
      this.waiting.close();
      this.open().catch((thrown: unknown) => {
        const { host, port } = config.admin;
        const why = String(thrown);
        if (bus.on['admin.unavailable']) bus.emit('admin.unavailable', { host, port, why });
      });
    });
  }

  private async scrape(answers: AdminAnswers): Promise<{ contentType: string; text: string }> {
    this.prometheus ??= import('../../server/admin/prometheus.ts').then((it) => new it.PrometheusText());
    const prometheus = await this.prometheus;
    const server = answers.find();
    const { mode } = answers.health();
    const text = await prometheus.text({
      metrics: server?.serving === true ? answers.metrics(server) : [],
      events: this.counts,
      info: { version: serverVersion(), mode, server_id: String(this.lab.config.serverId) },
    });
    return { contentType: prometheus.contentType, text };
  }

  private async open(): Promise<void> {
    const { lab } = this;
    const [{ systemHttpServing }, { eventToJson }, { HttpAdmin }, { AdminAnswers }, { openAdmin }] =
      await Promise.all([
        import('../../platform/http.ts'),
        import('../../formatters/event-json.ts'),
        import('../../server/admin/http-admin.ts'),
        import('../../server/node/admin-answers.ts'),
        import('../../server/admin/open-admin.ts'),
      ]);
    if (this.closed) return;
    this.line = (event) => JSON.stringify(eventToJson(event));
    const { config, world, bus, reports } = lab;
    const find = () => lab.running()?.server;
    const answers = new AdminAnswers(reports, find, {
      properties: config.properties,
      text: textOf(world.disk, config.file),
    });
    const admin = new HttpAdmin(
      {
        commandUrl: config.admin.commandUrl,
        token: config.admin.token,
        commands: answers,
        health: () => answers.health(),
        events: (request, reply) => this.feed.handle(request, reply),
        metrics: () => this.scrape(answers),
      },
      { clock: world.clock, timers: world.timers, secrets: world.secrets, events: bus },
    );
    openAdmin(systemHttpServing, config.admin, admin.handle, bus, (listener) => {
      if (this.closed) {
        listener.close(() => {});
        return;
      }
      this.listener = listener;
      reports.adminAt = { host: listener.host, port: listener.port };
    });
  }
}

/** The file a server was started with, as it is now; nothing where it cannot be read. */
function textOf(disk: Disk, name: string | undefined): string {
  if (name === undefined) return '';
  try {
    const file = disk.open(name, 'read');
    try {
      const bytes = Buffer.alloc(Math.min(file.size(), CONFIG_BYTES_MAX));
      return bytes.toString('utf8', 0, file.readAt(bytes, 0));
    } finally {
      file.close();
    }
  } catch {
    return '';
  }
}
