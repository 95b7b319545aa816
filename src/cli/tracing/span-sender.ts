/**
 * Sends traces to a collector of OpenTelemetry, where the environment names one (OTEL_EXPORTER_OTLP_ENDPOINT
 * and its relatives, as the OpenTelemetry specification has them). OTLP over HTTP, as JSON. What goes wrong
 * is told once, and never ends a trace.
 */
import type { Trace } from '../../events/trace.ts';
import { otlpRequest, type SpanNames } from '../../inspect/trace/otlp.ts';
import { systemHttpPosting } from '../../platform/http-post.ts';
import { systemRandom } from '../../platform/random.ts';
import type { HttpPosting } from '../../ports/http.ts';
import type { Io } from '../io.ts';
import { VERSION } from '../version.ts';

/** Traces that wait to be sent; more are counted. */
const WAITING_MAX = 512;
/** As many go in one request. */
const BATCH = 64;
const TIMEOUT_MS = 10_000;

/** Whom to send to. */
export interface Collector {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly names: SpanNames;
}

/**
 * What the environment says of a collector; a text says why spans cannot be sent to it; undefined for none.
 */
export function collectorFrom(env: Io['env']): Collector | string | undefined {
  const own = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || undefined;
  const common = env.OTEL_EXPORTER_OTLP_ENDPOINT || undefined;
  const endpoint = own ?? common;
  if (endpoint === undefined || /^true$/i.test(env.OTEL_SDK_DISABLED ?? '')) return undefined;
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL;
  if (protocol === 'grpc') return 'OTEL_EXPORTER_OTLP_PROTOCOL is grpc; spans are sent over HTTP only';
  const url = own ?? `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  if (!URL.canParse(url) || !/^https?:/.test(url)) return `${endpoint} is no http:// or https:// address`;
  const timeout = Number(env.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT || env.OTEL_EXPORTER_OTLP_TIMEOUT);
  return {
    url,
    headers: pairsOf(env.OTEL_EXPORTER_OTLP_TRACES_HEADERS || env.OTEL_EXPORTER_OTLP_HEADERS),
    timeoutMs: timeout > 0 && timeout <= TIMEOUT_MS * 6 ? timeout : TIMEOUT_MS,
    names: {
      service: env.OTEL_SERVICE_NAME || 'zookeeper',
      resource: pairsOf(env.OTEL_RESOURCE_ATTRIBUTES),
      version: VERSION,
    },
  };
}

/** `key=value,key=value`, percent-encoded. What is none is passed over. */
function pairsOf(text: string | undefined): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const part of (text ?? '').split(',')) {
    const at = part.indexOf('=');
    if (at < 1) continue;
    const key = part.slice(0, at).trim();
    const value = part.slice(at + 1).trim();
    try {
      pairs[key] = decodeURIComponent(value);
    } catch {
      pairs[key] = value;
    }
  }
  return pairs;
}

/** See the head of the file. */
export class SpanSender {
  private readonly collector: Collector;
  private readonly tell: (why: string) => void;
  private readonly http: HttpPosting;
  private readonly waiting: Trace[] = [];
  private sending: Promise<void> | undefined;
  private told = false;
  private ending = false;
  private left = 0;

  /** `tell` is called once at most while it runs, and once at its end. */
  constructor(collector: Collector, tell: (why: string) => void, http: HttpPosting = systemHttpPosting) {
    this.collector = collector;
    this.tell = tell;
    this.http = http;
  }

  /** Takes a trace, to be sent soon. */
  add(trace: Trace): void {
    if (this.waiting.length >= WAITING_MAX) this.left++;
    else this.waiting.push(trace);
    this.sending ??= this.sendAll();
  }

  /** Resolves when all is sent, or cannot be. */
  async end(): Promise<void> {
    this.ending = true;
    while (this.sending !== undefined) await this.sending;
    if (this.left > 0) this.tell(`${this.left} traces were not sent to ${this.collector.url}`);
  }

  private async sendAll(): Promise<void> {
    // One turn later: those of the same moment go together.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      // A collector that failed may come back; nobody waits for that at the end.
      if (this.ending && this.told) this.left += this.waiting.splice(0).length;
      else await this.send(this.waiting.splice(0, BATCH));
    }
    this.sending = undefined;
  }

  private send(traces: readonly Trace[]): Promise<void> {
    const { url, headers, timeoutMs, names } = this.collector;
    const body = JSON.stringify(otlpRequest(traces, names, systemRandom));
    return new Promise((resolve) => {
      const content = { body, headers: { ...headers, 'content-type': 'application/json' }, timeoutMs };
      this.http.post(url, content, (result) => {
        if ('error' in result) this.fail(traces.length, result.error.message);
        else if (result.status >= 300) this.fail(traces.length, `it answered ${result.status}`);
        resolve();
      });
    });
  }

  private fail(count: number, why: string): void {
    this.left += count;
    if (this.told) return;
    this.told = true;
    this.tell(`spans cannot be sent to ${this.collector.url}: ${why}`);
  }
}

/** A sender where the environment names a collector that can be sent to; undefined otherwise. */
export function senderFrom(env: Io['env'], tell: (why: string) => void): SpanSender | undefined {
  const collector = collectorFrom(env);
  if (typeof collector === 'string') tell(collector);
  return typeof collector === 'object' ? new SpanSender(collector, tell) : undefined;
}
