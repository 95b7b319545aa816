/**
 * Traces as spans of OpenTelemetry, in the JSON form of OTLP (opentelemetry-proto,
 * `ExportTraceServiceRequest` in ProtoJSON: ids in hex, 64-bit numbers as text, enums as numbers).
 *
 * A trace a request: its root is the client's span (or that of the server it asked, where the client is not
 * ours); below it a span a server, and below that a span a stage. Each server is a resource of its own. Pure.
 */
import { hex0x } from '../../base/brands.ts';
import { CLIENT, type Trace, type TraceStage } from '../../events/trace.ts';
import type { Random } from '../../ports/random.ts';
import { errName } from '../../protocol/error-codes.ts';

/** How spans are to be called. */
export interface SpanNames {
  /** `service.name` of the servers: OTEL_SERVICE_NAME. */
  readonly service: string;
  /** Further attributes of every resource: OTEL_RESOURCE_ATTRIBUTES. */
  readonly resource: Readonly<Record<string, string>>;
  /** Version of this program. */
  readonly version: string;
}

type Value =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly boolValue: boolean };
interface Attribute {
  readonly key: string;
  readonly value: Value;
}
interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code: number; readonly message?: string };
}

/** Span kinds and status codes of OTLP. */
const KIND = { internal: 1, server: 2, client: 3 } as const;
const STATUS = { unset: 0, ok: 1, error: 2 } as const;
const TRACE_ID_WORDS = 4;
const SPAN_ID_WORDS = 2;
const WORD = 2 ** 32;

/** The body of `POST /v1/traces` for these traces. */
export function otlpRequest(
  traces: readonly Trace[],
  names: SpanNames,
  random: Random,
): Record<string, unknown> {
  const byNode = new Map<string, Span[]>();
  for (const trace of traces) {
    for (const [node, spans] of spansOf(trace, random))
      byNode.set(node, [...(byNode.get(node) ?? []), ...spans]);
  }
  const scope = { name: 'zkt', version: names.version };
  return {
    resourceSpans: [...byNode].map(([node, spans]) => ({
      resource: { attributes: resourceOf(node, names) },
      scopeSpans: [{ scope, spans }],
    })),
  };
}

function resourceOf(node: string, { service, resource }: SpanNames): Attribute[] {
  const own =
    node === CLIENT
      ? [text('service.name', `${service}-client`)]
      : [text('service.name', service), text('service.instance.id', node)];
  return [...own, ...Object.entries(resource).map(([key, value]) => text(key, value))];
}

/** The spans of one request, by the node they are of. */
function spansOf(trace: Trace, random: Random): Map<string, Span[]> {
  const spans = new Map<string, Span[]>();
  const traceId = idOf(random, TRACE_ID_WORDS);
  const about = attributesOf(trace);
  const status = statusOf(trace);
  const make = (
    name: string,
    kind: number,
    parent: string | undefined,
    [from, to]: readonly [number, number],
    more: readonly Attribute[],
  ): Span => ({
    traceId,
    spanId: idOf(random, SPAN_ID_WORDS),
    ...(parent !== undefined && { parentSpanId: parent }),
    name,
    kind,
    startTimeUnixNano: nanosOf(trace.startMs + from),
    endTimeUnixNano: nanosOf(trace.startMs + to),
    attributes: [...about, ...more],
    status: parent === undefined ? status : { code: STATUS.unset },
  });
  const op = trace.op || 'request';
  const last = Math.max(0, ...trace.stages.map(({ endMs }) => endMs));
  const whole = [0, trace.totalMs ?? last] as const;
  const asked =
    trace.stages.find(({ stage }) => stage === 'received')?.node ?? trace.stages[0]?.node ?? CLIENT;
  const rootNode = trace.withClient ? CLIENT : asked;
  const root = make(`zookeeper ${op}`, trace.withClient ? KIND.client : KIND.server, undefined, whole, []);
  spans.set(rootNode, [root]);
  for (const [node, stages] of stagesByNode(trace)) {
    const sid = text('zookeeper.sid', node);
    const role = trace.servers.find((it) => it.node === node)?.role ?? '';
    const more = role === '' ? [sid] : [sid, text('zookeeper.role', role)];
    const span = make(`server ${node}`, KIND.server, root.spanId, rangeOf(stages), more);
    const parts = stages.map((it) =>
      make(it.stage, KIND.internal, span.spanId, [it.startMs, it.endMs], [sid, ...stageAttributes(it)]),
    );
    spans.set(node, [...(spans.get(node) ?? []), span, ...parts]);
  }
  return spans;
}

function stagesByNode({ stages }: Trace): Map<string, TraceStage[]> {
  const byNode = new Map<string, TraceStage[]>();
  for (const stage of stages) {
    if (stage.node !== CLIENT) byNode.set(stage.node, [...(byNode.get(stage.node) ?? []), stage]);
  }
  return byNode;
}

const rangeOf = (stages: readonly TraceStage[]): [number, number] => [
  Math.min(...stages.map(({ startMs }) => startMs)),
  Math.max(...stages.map(({ endMs }) => endMs)),
];

function attributesOf({ op, path, session, cxid, zxid }: Trace): Attribute[] {
  return [
    text('db.system.name', 'zookeeper'),
    text('zookeeper.op', op),
    ...(path === '' ? [] : [text('zookeeper.path', path)]),
    text('zookeeper.session', hex0x(session)),
    { key: 'zookeeper.cxid', value: { intValue: String(cxid) } },
    ...(zxid === undefined ? [] : [text('zookeeper.zxid', hex0x(zxid))]),
  ];
}

function stageAttributes({ via, peer, fsyncMs, bytes, critical }: TraceStage): Attribute[] {
  return [
    text('zookeeper.via', via),
    { key: 'zookeeper.critical', value: { boolValue: critical } },
    ...(peer === undefined ? [] : [text('zookeeper.peer', peer)]),
    ...(fsyncMs === undefined ? [] : [{ key: 'zookeeper.fsync_ms', value: { doubleValue: fsyncMs } }]),
    ...(bytes === undefined ? [] : [{ key: 'zookeeper.bytes', value: { intValue: String(bytes) } }]),
  ];
}

function statusOf({ err }: Trace): Span['status'] {
  if (err === 0) return { code: STATUS.ok };
  if (err === undefined) return { code: STATUS.error, message: 'no answer' };
  return { code: STATUS.error, message: errName(err) ?? String(err) };
}

const text = (key: string, value: string): Attribute => ({ key, value: { stringValue: value } });

const MICROS_PER_MS = 1000;
const NANOS_PER_MICRO = 1000n;
/** ms since 1970 as nanoseconds; stamps have microseconds. */
const nanosOf = (ms: number): string => String(BigInt(Math.round(ms * MICROS_PER_MS)) * NANOS_PER_MICRO);

/** Random, in hex; all zeros would be no id. */
function idOf(random: Random, words: number): string {
  const parts = Array.from({ length: words }, () => random.below(WORD));
  if (!parts.some((word) => word !== 0)) parts[0] = 1;
  return parts.map((word) => word.toString(16).padStart(8, '0')).join('');
}
