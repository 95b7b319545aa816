/**
 * The expiry buckets as bars on a time axis: now is at the left, the bars come nearer, and where one arrives
 * its sessions expire, unless they were heard of and moved to a later one.
 */
import { hex0x } from '../../../base/brands.ts';
import { countdownText, offsetText } from '../../../formatters/duration-text.ts';
import { countText } from '../../../formatters/quantity-text.ts';
import { type Axis, axisText, columnOf } from '../../axis.ts';
import { Canvas } from '../../canvas.ts';
import type { Line, Tone } from '../../lines.ts';
import type { PaneView } from '../../pane.ts';
import type { Move, NodeBuckets, SessionsState } from './state.ts';

const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
/** A bucket that sessions moved to that lately is drawn as touched, ms. */
const FLASH_MS = 1_000;
/** Columns before the axis. */
const LEFT = 5;
/** A bar that fills the chart stands for that many sessions at least. */
const SESSIONS_MIN = 4;
/** The axis shows so many ticks at least. */
const TICKS_MIN = 5;

/** A bucket as it is drawn. */
export interface Bucket {
  /** When it is due, wall clock ms. */
  readonly atMs: number;
  readonly sessions: number;
}

/** The server whose buckets count: the leader, or who samples them. */
export function trackerOf(state: SessionsState, view: PaneView): NodeBuckets | undefined {
  const leads = new Set(
    view.servers.filter(({ mode }) => mode === 'leader' || mode === 'standalone').map(({ node }) => node),
  );
  let best: NodeBuckets | undefined;
  for (const each of state.nodes.values()) {
    if (best === undefined) best = each;
    else if (leads.has(each.node) !== leads.has(best.node)) best = leads.has(each.node) ? each : best;
    else if (each.sampledMs > best.sampledMs) best = each;
  }
  return best;
}

/** The buckets of the last sample with sessions in them, by time. */
export const bucketsOf = ({ buckets, offsetMs, sampledMs }: NodeBuckets): Bucket[] =>
  [...buckets]
    .filter(([, bucket]) => bucket.sessions > 0 && sampledMs - bucket.sampledMs < 700)
    .map(([bucketMs, { sessions }]) => ({ atMs: offsetMs + bucketMs, sessions }))
    .sort((a, b) => a.atMs - b.atMs);

/** When the next bucket falls due, ms from now; undefined without a tick. */
export function nextTickMs({ offsetMs, tickMs }: NodeBuckets, nowMs: number): number | undefined {
  if (!(tickMs > 0)) return undefined;
  const past = (((nowMs - offsetMs) % tickMs) + tickMs) % tickMs;
  return tickMs - past;
}

function toneOf({ atMs }: Bucket, tickMs: number, nowMs: number, moves: readonly Move[]): Tone {
  if (atMs <= nowMs) return 'bad';
  if (moves.some((move) => Math.abs(move.toMs - atMs) < tickMs / 2)) return 'accent';
  return atMs - nowMs <= tickMs ? 'warn' : 'good';
}

/**
 * The chart: `rows` of bars, a line of time, and a line of what moved last; nothing while no server has told
 * its buckets.
 */
export function bucketChart(state: SessionsState, view: PaneView, rows: number): Line[] {
  const tracker = trackerOf(state, view);
  if (tracker === undefined) return [];
  const { nowMs, ascii } = view;
  const buckets = bucketsOf(tracker);
  const tickMs = Math.max(1, tracker.tickMs);
  const last = Math.max(nowMs + TICKS_MIN * tickMs, ...buckets.map(({ atMs }) => atMs + tickMs));
  const axis: Axis = { fromMs: nowMs, toMs: last, width: Math.max(1, view.width - LEFT - 2) };
  const canvas = new Canvas(view.width, rows + 2);
  const moves = [...state.moves].filter(({ atMs }) => nowMs - atMs < FLASH_MS && atMs <= nowMs);
  drawBars(canvas, { axis, buckets, tickMs, rows, ascii, toneOf: (it) => toneOf(it, tickMs, nowMs, moves) });
  canvas.put(0, rows, ' now ', 'head');
  canvas.put(LEFT, rows, axisText(axis, nowMs, ascii), 'dim');
  drawMoves(canvas, axis, moves, rows + 1, ascii);
  return canvas.lines();
}

interface Bars {
  readonly axis: Axis;
  readonly buckets: readonly Bucket[];
  readonly tickMs: number;
  readonly rows: number;
  readonly ascii: boolean;
  readonly toneOf: (bucket: Bucket) => Tone;
}

function drawBars(canvas: Canvas, { axis, buckets, tickMs, rows, ascii, toneOf }: Bars): void {
  const most = Math.max(SESSIONS_MIN, ...buckets.map(({ sessions }) => sessions));
  const columns = buckets.map(({ atMs }) => LEFT + columnOf(axis, atMs));
  const widest = Math.floor((tickMs / (axis.toMs - axis.fromMs)) * axis.width * 0.7);
  // The top row is for the number over the highest bar.
  const steps = Math.max(1, (rows - 1) * (ascii ? 1 : LEVELS.length));
  for (let y = 0; y < rows; y++) canvas.put(LEFT - 1, y, ascii ? '|' : '│', 'dim');
  buckets.forEach((bucket, i) => {
    const x = columns[i] ?? 0;
    const room = (columns[i + 1] ?? canvas.width) - x;
    const width = Math.max(1, Math.min(widest, room - 1));
    const height = Math.max(1, Math.round((bucket.sessions / most) * steps));
    const tone = toneOf(bucket);
    const full = ascii ? height : Math.floor(height / LEVELS.length);
    for (let k = 0; k < full; k++) canvas.fill(x, x + width - 1, rows - 1 - k, ascii ? '#' : '█', tone);
    const rest = ascii ? 0 : height % LEVELS.length;
    if (rest > 0) canvas.fill(x, x + width - 1, rows - 1 - full, LEVELS[rest - 1] ?? ' ', tone);
    const top = rows - 1 - full - (rest > 0 ? 1 : 0);
    const label = countText(bucket.sessions);
    if (label.length < Math.max(room, 2) || i === buckets.length - 1) canvas.put(x, top, label, tone);
  });
}

/** Arrows from where sessions were to where they are, the newest first, as many as find room. */
function drawMoves(canvas: Canvas, axis: Axis, moves: readonly Move[], y: number, ascii: boolean): void {
  if (moves.length === 0) return;
  const [from, line, head] = ascii ? ['`', '-', '>'] : ['╰', '─', '▶'];
  for (const { session, fromMs, toMs } of moves.toReversed()) {
    const start = LEFT + columnOf(axis, fromMs < 0 ? axis.fromMs : fromMs);
    const end = LEFT + columnOf(axis, toMs);
    if (end - start < 2) continue;
    const label = ` ${hex0x(session)} ${offsetText(toMs - Math.max(fromMs, axis.fromMs))} `;
    const room = end - start - 2;
    const inside = label.length <= room;
    const after = !inside && end + 1 + label.length < canvas.width;
    if (!canvas.isBlank(start - 1, after ? end + 1 + label.length : end + 1, y)) continue;
    canvas.put(start, y, from, 'accent');
    canvas.fill(start + 1, end - 1, y, line, 'accent');
    canvas.put(end, y, head, 'accent');
    if (inside) canvas.put(start + 1 + Math.floor((room - label.length) / 2), y, label, 'accent');
    else if (after) canvas.put(end + 1, y, label, 'accent');
  }
}

/** How long a session has, and how near its end that is. */
export function leftOf(
  { expiresMs, timeoutMs }: { readonly expiresMs: number; readonly timeoutMs: number },
  nowMs: number,
): { readonly text: string; readonly share: number; readonly tone: Tone } {
  if (expiresMs < 0) return { text: '-', share: 0, tone: 'dim' };
  const left = expiresMs - nowMs;
  const share = timeoutMs > 0 ? Math.max(0, Math.min(1, left / timeoutMs)) : 0;
  const tone = left <= 0 ? 'bad' : share < 0.25 ? 'warn' : 'good';
  return { text: left <= 0 ? 'due' : countdownText(left), share, tone };
}
