/** Metrics one value a line, as `mntr` and the HTTP admin's `monitor` show them. Pure. */
import { Real } from './real.ts';
import type { Metric } from './reports.ts';

/** The percentiles of a detailed summary. */
const PERCENTILES = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
  ['p999', 0.999],
] as const;

/** A line: `avg_app_read_per_namespace` and its value. */
export type MetricLine = readonly [name: string, value: string | number | Real];

/** The lines of all metrics, in their order, by Apache's names without `zk_`. */
export const metricLines = (metrics: readonly Metric[]): MetricLine[] => metrics.flatMap(linesOf);

function linesOf(metric: Metric): MetricLine[] {
  const { kind, value } = metric;
  const name = metric.key === undefined ? metric.name : `${metric.key}_${metric.name}`;
  if (kind === 'real') return [[name, new Real(value)]];
  if (kind !== 'summary') return [[name, value]];
  const brief: MetricLine[] = [
    [`avg_${name}`, new Real(value.average)],
    [`min_${name}`, value.min],
    [`max_${name}`, value.max],
    [`cnt_${name}`, value.count],
    [`sum_${name}`, value.sum],
  ];
  if (!value.detailed) return brief;
  return [
    ...brief,
    ...PERCENTILES.map(([head, share]) => [`${head}_${name}`, value.percentile(share)] as const),
  ];
}
