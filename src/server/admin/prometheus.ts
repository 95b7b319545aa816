/**
 * `/metrics`: the metrics of `mntr` under the names that Apache's PrometheusMetricsProvider writes, what zkt
 * counts beside them (`zkt_…`), and Node's own by prom-client.
 *
 * A set of metrics, one a namespace or a server, has the label `key`. Quantiles are of all values since the
 * process started, where Apache's forget after ten minutes.
 */
import { Counter, collectDefaultMetrics, Gauge, Summary as PromSummary, Registry } from 'prom-client';
import type { EventCounts } from './event-counts.ts';
import type { Metric, SummaryReport } from './reports.ts';

/** What a scrape shows. */
export interface Scrape {
  /** None while no server serves clients. */
  readonly metrics: readonly Metric[];
  readonly events: EventCounts;
  /** Labels of `zkt_info`. */
  readonly info: Readonly<Record<'version' | 'mode' | 'server_id', string>>;
}

/** Quantiles as Apache's provider asks for them. */
const BRIEF = [0.5] as const;
const DETAILED = [0.5, 0.9, 0.99] as const;

/**
 * Of Node's metrics, those that go through every open file or connection of the process one by one: with ten
 * thousand clients that holds up all of them. `process_open_fds` is told all the same, as it is known anyway.
 */
const LEFT_OUT = [
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'process_open_fds',
] as const;

/** Node's metrics, which are looked at from the first scrape on; one of these a process. */
export class PrometheusText {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  private readonly node = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.node });
    for (const name of LEFT_OUT) this.node.removeSingleMetric(name);
  }

  /** The text of one scrape. */
  async text(scrape: Scrape): Promise<string> {
    const registry = new Registry();
    for (const group of groupsOf(scrape.metrics)) register(registry, group);
    registerOwn(registry, scrape);
    registerOpenFiles(registry, scrape.metrics);
    return (await registry.metrics()) + (await this.node.metrics());
  }
}

/** Metrics of one name together; what is only text is for people. */
function groupsOf(metrics: readonly Metric[]): Metric[][] {
  const groups = new Map<string, Metric[]>();
  for (const metric of metrics) {
    if (metric.kind === 'text') continue;
    const group = groups.get(metric.name);
    if (group === undefined) groups.set(metric.name, [metric]);
    else group.push(metric);
  }
  return [...groups.values()];
}

function register(registry: Registry, group: readonly Metric[]): void {
  const [first] = group;
  if (first === undefined) return;
  const { name, kind, key } = first;
  const config = { name, help: name, labelNames: key === undefined ? [] : ['key'], registers: [registry] };
  if (kind === 'summary') {
    new TakenSummary(config, group.flatMap(takenOf));
    return;
  }
  // Of one key there may be several, one a quota: the last is shown, as `mntr` and Apache show it.
  const values = new Map<string | undefined, number>();
  for (const metric of group) {
    if (metric.kind !== 'summary' && metric.kind !== 'text') values.set(metric.key, metric.value);
  }
  const taken = kind === 'counter' ? new Counter(config) : new Gauge(config);
  for (const [key, value] of values) {
    if (key === undefined) taken.inc(value);
    else taken.inc({ key }, value);
  }
}

const takenOf = (metric: Metric): Taken[] =>
  metric.kind === 'summary'
    ? [{ labels: metric.key === undefined ? {} : { key: metric.key }, value: metric.value }]
    : [];

/** Values of one summary under its labels. */
interface Taken {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: SummaryReport;
}

/** A summary whose values were gathered elsewhere. */
class TakenSummary extends PromSummary {
  private readonly told: { readonly name: string; readonly help: string };
  private readonly taken: readonly Taken[];

  constructor(
    config: { name: string; help: string; labelNames: string[]; registers: Registry[] },
    taken: readonly Taken[],
  ) {
    super(config);
    this.told = config;
    this.taken = taken;
  }

  override async get(): ReturnType<PromSummary['get']> {
    const { name, help } = this.told;
    const values = this.taken.flatMap(({ labels, value }) => [
      ...(value.detailed ? DETAILED : BRIEF).map((quantile) => ({
        labels: { quantile, ...labels },
        value: value.percentile(quantile),
      })),
      { metricName: `${name}_count`, labels, value: value.count },
      { metricName: `${name}_sum`, labels, value: value.sum },
    ]);
    return { ...(await super.get()), name, help, values };
  }
}

/** What Apache has no name for. */
function registerOwn(registry: Registry, { events, info }: Scrape): void {
  const registers = [registry];
  const labelNames = ['version', 'mode', 'server_id'];
  new Gauge({ name: 'zkt_info', help: 'What this server is; always 1', labelNames, registers }).set(info, 1);
  const counts = new Counter({
    name: 'zkt_events_total',
    help: 'Events by name, but for those of trace level',
    labelNames: ['name'],
    registers,
  });
  for (const [name, count] of events.counts) counts.inc({ name }, count);
  const durations = [...events.durations].map(([name, s]) => ({
    labels: { name },
    value: {
      average: s.average,
      min: s.min,
      max: s.max,
      count: s.count,
      sum: s.sum,
      detailed: true,
      percentile: (share: number) => s.percentile(share),
    },
  }));
  const help = 'How long what such an event tells of took, ms';
  new TakenSummary({ name: 'zkt_event_ms', help, labelNames: ['name'], registers }, durations);
}

/** By the name that alerts know. */
function registerOpenFiles(registry: Registry, metrics: readonly Metric[]): void {
  const known = metrics.find(({ name }) => name === 'open_file_descriptor_count');
  if (known?.kind !== 'gauge') return;
  const help = 'Number of open file descriptors.';
  new Gauge({ name: 'process_open_fds', help, registers: [registry] }).set(known.value);
}
