/** The columns of the ensemble's table, and which of them fit. Pure. */
import { hex0x } from '../../../base/brands.ts';
import { bytesText, countText, msText, spanText, UNKNOWN } from '../../../formatters/quantity-text.ts';
import { sparkline } from '../../charts.ts';
import { cell, type Line, type Span, span, type Tone } from '../../lines.ts';
import type { PaneView, ServerFace } from '../../pane.ts';
import type { ServerRecord } from './record.ts';

/** A server as its row sees it. */
export interface Row {
  readonly face: ServerFace;
  readonly server: ServerRecord | undefined;
  /** The worst that is wrong with it. */
  readonly tone: Tone;
}

/** One column of the table. */
export interface Column {
  readonly head: string;
  readonly width: number;
  readonly align: 'left' | 'right';
  /** The lower, the longer it stays when there is no room. */
  readonly rank: number;
  readonly text: (row: Row) => string;
  readonly tone?: (row: Row) => Tone;
}

const numberOf = (read: (server: ServerRecord) => number, show: (value: number) => string) => {
  return ({ server, face }: Row): string =>
    server === undefined || !face.up || server.sample === undefined ? UNKNOWN : show(read(server));
};
const sampled = (
  name: { [K in keyof Sampled]: Sampled[K] extends number ? K : never }[keyof Sampled],
  show: (value: number) => string = countText,
) => numberOf(({ sample }) => sample?.[name] ?? -1, show);
type Sampled = NonNullable<ServerRecord['sample']>;

const modeTone = ({ face }: Row): Tone => {
  if (!face.up || face.mode === '' || face.mode === 'looking' || face.mode === 'read-only') return 'bad';
  return face.mode === 'leader' || face.mode === 'standalone' ? 'good' : 'plain';
};

const epochText = ({ server }: Row): string => {
  const epoch = server?.sample?.epoch ?? -1;
  return epoch < 0 ? UNKNOWN : String(epoch);
};
const zxidText = ({ server }: Row): string => {
  const zxid = server?.sample?.zxid ?? -1n;
  return zxid < 0n ? UNKNOWN : hex0x(zxid);
};
/** A role is short enough for its column; a server that is gone has none. */
const roleText = ({ face }: Row): string => (face.up ? face.mode || '?' : 'down');

/** All columns, in the order they are shown in. */
const COLUMNS: readonly Column[] = [
  {
    head: 'ID',
    width: 3,
    align: 'right',
    rank: 0,
    text: ({ face }) => (face.sid < 0 ? UNKNOWN : String(face.sid)),
  },
  { head: 'ADDRESS', width: 21, align: 'left', rank: 12, text: ({ face }) => face.address || UNKNOWN },
  { head: 'ROLE', width: 10, align: 'left', rank: 0, text: roleText, tone: modeTone },
  { head: 'EPOCH', width: 5, align: 'right', rank: 13, text: epochText },
  { head: 'ZXID', width: 13, align: 'right', rank: 5, text: zxidText },
  {
    head: 'LAG',
    width: 5,
    align: 'right',
    rank: 3,
    text: numberOf(({ lag }) => lag, countText),
  },
  { head: 'CONNS', width: 6, align: 'right', rank: 6, text: sampled('connections') },
  { head: 'QUEUE', width: 6, align: 'right', rank: 4, text: sampled('outstanding') },
  { head: 'REQ/S', width: 6, align: 'right', rank: 1, text: sampled('requestsPerS') },
  { head: 'WRITE/S', width: 7, align: 'right', rank: 18, text: sampled('writesPerS') },
  { head: 'P50 ms', width: 6, align: 'right', rank: 7, text: sampled('latencyP50Ms', msText) },
  { head: 'P99 ms', width: 6, align: 'right', rank: 1, text: sampled('latencyP99Ms', msText) },
  { head: 'FSYNC99', width: 7, align: 'right', rank: 2, text: sampled('fsyncP99Ms', msText) },
  { head: 'ZNODES', width: 6, align: 'right', rank: 9, text: sampled('nodes') },
  { head: 'WATCH', width: 6, align: 'right', rank: 10, text: sampled('watches') },
  { head: 'EPHEM', width: 6, align: 'right', rank: 15, text: sampled('ephemerals') },
  { head: 'HEAP', width: 5, align: 'right', rank: 11, text: sampled('heapBytes', bytesText) },
  { head: 'CPU%', width: 4, align: 'right', rank: 17, text: sampled('cpuPercent', countText) },
  { head: 'UPTIME', width: 6, align: 'right', rank: 8, text: sampled('uptimeMs', spanText) },
  {
    head: 'KIND',
    width: 6,
    align: 'left',
    rank: 16,
    text: ({ face }) => face.kind || UNKNOWN,
  },
];

/**
 * The columns that fit into `width`, a blank between them; those of the highest rank go first. `addressed`:
 * the address is all that is known of who a server is, and stays.
 */
export function fitting(width: number, addressed: boolean): readonly Column[] {
  const rankOf = ({ head, rank }: Column): number => (addressed && head === 'ADDRESS' ? 0 : rank);
  let shown = [...COLUMNS];
  const taken = (): number => shown.reduce((sum, it) => sum + it.width + 1, 0);
  for (const worst of [...COLUMNS].sort((a, b) => rankOf(b) - rankOf(a))) {
    if (taken() <= width || rankOf(worst) === 0) break;
    shown = shown.filter((it) => it !== worst);
  }
  return shown;
}

/** Columns that are left over by others. */
export const widthLeft = (columns: readonly Column[], width: number): number =>
  width - columns.reduce((sum, it) => sum + it.width + 1, 0);

/** The time a sparkline in the table covers, ms. */
const SPARK_MS = 120_000;
/** What is less than this is no peak, and not drawn as one. */
export const FLAT = { requestsPerS: 10, latencyP99Ms: 1 } as const;
/** Narrower sparklines say nothing. */
const SPARK_WIDTH_MIN = 10;

/** Widths of the two sparklines beside the table; 0 where there is no room. */
export const sparkWidth = (left: number): number => {
  const each = Math.floor((left - 2) / 2);
  return each < SPARK_WIDTH_MIN ? 0 : Math.min(each, 60);
};

/** The line of heads. */
export function headLine(columns: readonly Column[], spark: number): Line {
  const cells = columns.flatMap(({ head, width, align }) => [span(' '), cell(head, width, 'head', align)]);
  if (spark === 0) return cells;
  return [
    ...cells,
    span(' '),
    cell('REQ/S, 2 min', spark, 'head'),
    span(' '),
    cell('P99, 2 min', spark, 'head'),
  ];
}

/** How the sparklines of all rows are drawn. */
export interface SparkLook {
  /** Columns of each; 0 for none. */
  readonly spark: number;
  readonly ascii: boolean;
  readonly nowMs: number;
  /** The largest values of any row: rows are drawn to one scale. */
  readonly tops: { readonly requestsPerS: number; readonly latencyP99Ms: number };
}

/** The look for these rows. */
export function sparkLook(rows: readonly Row[], spark: number, { ascii, nowMs }: PaneView): SparkLook {
  const top = (name: keyof SparkLook['tops']): number =>
    rows.reduce((most, { server }) => {
      const values = server?.series[name].parts(nowMs - SPARK_MS, nowMs, Math.max(1, spark)) ?? [];
      return Math.max(most, ...values);
    }, 0);
  const tops = {
    requestsPerS: Math.max(FLAT.requestsPerS, top('requestsPerS')),
    latencyP99Ms: Math.max(FLAT.latencyP99Ms, top('latencyP99Ms')),
  };
  return { spark, ascii, nowMs, tops };
}

/** The line of a server. */
export function rowLine(row: Row, columns: readonly Column[], look: SparkLook): Line {
  const { spark, ascii, nowMs, tops } = look;
  const tone: Tone = row.face.up ? 'plain' : 'bad';
  const cells: Span[] = columns.flatMap((column) => [
    span(' '),
    cell(column.text(row), column.width, row.face.up ? (column.tone?.(row) ?? tone) : tone, column.align),
  ]);
  const { server } = row;
  if (spark === 0 || server === undefined) return cells;
  const line = (name: keyof SparkLook['tops'], of: Tone): Span => {
    const values = server.series[name].parts(nowMs - SPARK_MS, nowMs, spark);
    return span(sparkline(values, spark, ascii, tops[name]), of);
  };
  return [...cells, span(' '), line('requestsPerS', 'accent'), span(' '), line('latencyP99Ms', 'warn')];
}
