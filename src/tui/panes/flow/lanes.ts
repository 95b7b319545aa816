/** The picture of the flow: a lane a server, time downward, packets as arrows between lanes. */
import { hex0x } from '../../../base/brands.ts';
import { durationText } from '../../../formatters/duration-text.ts';
import { bytesText } from '../../../formatters/quantity-text.ts';
import { PACKET } from '../../../protocol/quorum.ts';
import { Canvas } from '../../canvas.ts';
import { faceName } from '../../faces.ts';
import { type Line, type Tone, widthOf } from '../../lines.ts';
import { packetName } from '../../packets.ts';
import type { PaneView } from '../../pane.ts';
import type { Clocks } from './clocks.ts';
import type { Packet } from './pairs.ts';
import type { Moment, Step } from './state.ts';

/** Columns of the time at the left. */
const TIME_WIDTH = 10;
/** The narrowest lane that has room for an arrow. */
const LANE_MIN = 6;
const LANE_MAX = 30;
/** Lanes that are drawn; a server beyond has none. */
const LANES_MAX = 16;

const TONES: ReadonlyMap<number, Tone> = new Map<number, Tone>([
  [PACKET.PROPOSAL, 'accent'],
  [PACKET.ACK, 'good'],
  [PACKET.COMMIT, 'bold'],
  [PACKET.INFORM, 'bold'],
  [PACKET.PING, 'dim'],
  [PACKET.DIFF, 'warn'],
  [PACKET.TRUNC, 'warn'],
  [PACKET.SNAP, 'warn'],
  [PACKET.NEWLEADER, 'warn'],
  [PACKET.UPTODATE, 'warn'],
]);

const MARKS: Readonly<
  Record<Moment['what'], { readonly mark: string; readonly ascii: string; readonly says: string }>
> = {
  received: { mark: '◆', ascii: '@', says: 'received' },
  forwarded: { mark: '→', ascii: '>', says: 'forwarded' },
  arrived: { mark: '◇', ascii: 'v', says: 'arrived' },
  prepared: { mark: '◇', ascii: 'o', says: 'prepared' },
  proposed: { mark: '●', ascii: '*', says: 'proposed' },
  logged: { mark: '■', ascii: '#', says: 'on disk' },
  committed: { mark: '★', ascii: '!', says: 'quorum' },
  applied: { mark: '○', ascii: 'o', says: 'applied' },
  replied: { mark: '◆', ascii: '@', says: 'answered' },
};
const MOMENT_TONE: Partial<Record<Moment['what'], Tone>> = {
  proposed: 'accent',
  committed: 'head',
  logged: 'good',
  received: 'accent',
  replied: 'accent',
};

/** Where lanes are. */
export interface Lanes {
  /** Servers from left to right. */
  readonly nodes: readonly string[];
  readonly laneWidth: number;
  /** Where the words at the right begin. */
  readonly wordsAt: number;
}

/** Lanes for the servers there are and those the steps are of, by id. */
export function lanesFor(steps: readonly Step[], view: PaneView): Lanes {
  const found = new Set(view.servers.filter(({ sid }) => sid >= 0).map(({ node }) => node));
  for (const step of steps) {
    for (const node of step.kind === 'packet' ? [step.from, step.to] : [step.node])
      if (node !== '') found.add(node);
  }
  const nodes = [...found].sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1)).slice(0, LANES_MAX);
  const words = view.width >= 120 ? 46 : 28;
  const room = view.width - TIME_WIDTH - words;
  const laneWidth = Math.max(LANE_MIN, Math.min(LANE_MAX, Math.floor(room / Math.max(1, nodes.length))));
  return { nodes, laneWidth, wordsAt: TIME_WIDTH + laneWidth * nodes.length + 1 };
}

/** The line with the names of the lanes. */
export function laneTitles(lanes: Lanes, view: PaneView): Line {
  const canvas = new Canvas(view.width, 1);
  canvas.put(1, 0, 'TIME', 'head');
  lanes.nodes.forEach((node, i) => {
    const face = view.servers.find((it) => it.node === node);
    const sid = face?.sid ?? (/^\d{1,9}$/.test(node) ? Number(node) : -1);
    const leads = face?.mode === 'leader';
    const long = `${faceName({ sid, node })}${leads ? (view.ascii ? '*' : '★') : ''}`;
    const name = widthOf(long) < lanes.laneWidth ? long : `${sid < 0 ? node : sid}${leads ? '*' : ''}`;
    const room = lanes.laneWidth - 1;
    const start = TIME_WIDTH + i * lanes.laneWidth;
    const x = Math.max(start, centreOf(lanes, i) - Math.floor(Math.min(widthOf(name), room) / 2));
    canvas.put(x, 0, name, face?.up === false ? 'bad' : 'head', room);
  });
  return canvas.line(0);
}

/** The column of a lane: left of the middle, since words stand at its right. */
const centreOf = ({ laneWidth }: Lanes, i: number): number =>
  TIME_WIDTH + i * laneWidth + Math.floor(laneWidth / 3);

/** A row of the picture. */
export interface Row {
  readonly step: Step;
  /** The text at the left, and its tone. */
  readonly time: string;
  readonly timeTone: Tone;
  /** Words for the end of the row, behind what the row says itself. */
  readonly words?: string;
}

/** A line of the picture. */
export function laneRow(row: Row, lanes: Lanes, clocks: Clocks, view: PaneView): Line {
  const canvas = new Canvas(view.width, 1);
  const { step } = row;
  canvas.put(TIME_WIDTH - 1 - widthOf(row.time), 0, row.time, row.timeTone);
  for (let i = 0; i < lanes.nodes.length; i++)
    canvas.put(centreOf(lanes, i), 0, view.ascii ? '|' : '│', 'dim');
  const words =
    step.kind === 'packet' ? arrow(canvas, step, lanes, clocks, view) : momentMark(canvas, step, lanes, view);
  const text = row.words === undefined ? words : [words, row.words].filter((it) => it !== '').join(' ');
  canvas.put(lanes.wordsAt, 0, text, step.kind === 'packet' && step.type === PACKET.PING ? 'dim' : 'plain');
  return canvas.line(0);
}

/** Draws the arrow of a packet; answers what is to be said of it at the right. */
function arrow(canvas: Canvas, packet: Packet, lanes: Lanes, clocks: Clocks, view: PaneView): string {
  const name = packetName(packet.type);
  const from = lanes.nodes.indexOf(packet.from);
  const to = lanes.nodes.indexOf(packet.to);
  const tone = TONES.get(packet.type) ?? 'plain';
  const about = aboutPacket(packet, clocks);
  if (from < 0 || to < 0 || from === to) return `${name} ${about}`;
  const [a, b] = [centreOf(lanes, from), centreOf(lanes, to)];
  const [left, right] = a < b ? [a, b] : [b, a];
  const { ascii } = view;
  canvas.fill(left + 1, right - 1, 0, ascii ? '-' : '─', tone);
  for (let i = Math.min(from, to) + 1; i < Math.max(from, to); i++) {
    canvas.put(centreOf(lanes, i), 0, ascii ? '+' : '┼', tone);
  }
  canvas.put(a, 0, ascii ? '+' : a < b ? '├' : '┤', tone);
  if (a < b) canvas.put(right - 1, 0, ascii ? '>' : '▶', tone);
  else canvas.put(left + 1, 0, ascii ? '<' : '◀', tone);
  // The name stands on the arrow where there is room beside the sender's lane.
  const room = lanes.laneWidth - 4;
  if (name.length + 2 > room) return `${name} ${about}`;
  const start = a < b ? a + 2 : a - 2 - name.length - 1;
  canvas.put(start, 0, ` ${name} `, tone);
  return about;
}

function aboutPacket(packet: Packet, clocks: Clocks): string {
  const took = clocks.tookMs(packet);
  const parts: string[] = [];
  if (packet.zxid >= 0n) parts.push(hex0x(packet.zxid));
  if (packet.bytes > 0) parts.push(bytesText(packet.bytes));
  if (took >= 0) parts.push(durationText(took));
  return parts.join(' ');
}

/** Draws what a server did; answers what is to be said of it at the right. */
function momentMark(canvas: Canvas, moment: Moment, lanes: Lanes, view: PaneView): string {
  const { mark, ascii, says } = MARKS[moment.what];
  const lane = lanes.nodes.indexOf(moment.node);
  const tone = MOMENT_TONE[moment.what] ?? 'plain';
  let said = false;
  if (lane >= 0) {
    const x = centreOf(lanes, lane);
    canvas.put(x, 0, view.ascii ? ascii : mark, tone);
    const last = lane === lanes.nodes.length - 1;
    const room = last ? lanes.wordsAt - x - 3 : lanes.laneWidth - 3;
    if (says.length <= room) {
      canvas.put(x + 2, 0, says, tone);
      said = true;
    }
  }
  const parts = said ? [] : [says];
  if (moment.what === 'logged') {
    parts.push(hex0x(moment.zxid));
    if (moment.ms >= 0) parts.push(`fsync ${durationText(moment.ms)}`);
  } else if (moment.what === 'replied' && moment.ms >= 0) parts.push(`after ${durationText(moment.ms)}`);
  else if (moment.zxid > 0n) parts.push(hex0x(moment.zxid));
  return parts.join(' ');
}
