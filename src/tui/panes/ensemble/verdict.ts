/**
 * What is wrong with an ensemble, in words: as `zkt status` judges it, and what only a longer look shows.
 * Pure.
 */
import { fullCount, msWords, spanText } from '../../../formatters/quantity-text.ts';
import { judge } from '../../../inspect/ensemble/judge.ts';
import type { ServerAnswer } from '../../../inspect/ensemble/server-answer.ts';
import { faceName } from '../../faces.ts';
import type { Tone } from '../../lines.ts';
import type { ServerFace } from '../../pane.ts';
import { RECENT_MS, type ServerRecord } from './record.ts';
import type { EnsembleState } from './state.ts';

/** Something wrong. */
export interface Problem {
  /** The server; empty for the ensemble as a whole. */
  readonly node: string;
  /** `bad`: it does not work. `warn`: it soon may not. */
  readonly tone: Extract<Tone, 'bad' | 'warn'>;
  readonly text: string;
}

/** From here on a disk is slow, ms for 99 of 100 fsyncs. */
const FSYNC_SLOW_MS = 20;
const FSYNC_BAD_MS = 200;
/** Pauses from here on are felt by clients. */
const PAUSE_MS = 100;
const LATENCY_SLOW_MS = 200;
const OUTSTANDING_MANY = 500;
const CPU_PERCENT_HIGH = 90;
/** Samples come every second. */
const SILENT_MS = 3_500;
/** Fewer transactions than this are on their way, not behind. */
const LAG_MANY = 100;

/** What is wrong, the worst first. */
export function problemsOf(
  state: EnsembleState,
  faces: readonly ServerFace[],
  nowMs: number,
): readonly Problem[] {
  const problems: Problem[] = wholeProblems(state, faces).map((text) => ({ node: '', tone: 'bad', text }));
  for (const face of faces) {
    const server = state.servers.get(face.node);
    if (server === undefined) continue;
    for (const [tone, text] of serverProblems(server, face, nowMs)) {
      problems.push({ node: face.node, tone, text: `${faceName(face)}: ${text}` });
    }
  }
  return problems.sort((a, b) => rank(a) - rank(b));
}

const rank = ({ tone, node }: Problem): number => (tone === 'bad' ? 0 : 2) + (node === '' ? 0 : 1);

/** What `zkt status` would say of the whole, from what was sampled last. */
function wholeProblems(state: EnsembleState, faces: readonly ServerFace[]): readonly string[] {
  if (faces.length === 0) return [];
  const answers = faces.map((face): ServerAnswer => {
    const sample = state.servers.get(face.node)?.sample;
    const serves = face.up && face.mode !== '' && face.mode !== 'looking';
    return {
      address: { host: face.node, port: 0 },
      reachedAt: undefined,
      heard: face.up,
      srvr: serves
        ? {
            version: sample?.version ?? '',
            mode: face.mode,
            zxid: sample?.zxid,
            connections: sample?.connections,
            outstanding: sample?.outstanding,
            nodes: sample?.nodes,
            latency: '',
          }
        : undefined,
      monitor: new Map(),
      id: face.sid < 0 ? undefined : face.sid,
      membership: undefined,
      fault: undefined,
    };
  });
  const { problems } = judge(answers, undefined, new Map());
  if (problems.length > 0) return problems;
  // Followers alone may have a leader that was never heard of; when all were heard, there is none.
  const led = faces.some(({ up, mode }) => up && ['leader', 'standalone', ''].includes(mode));
  return led ? [] : ['no leader'];
}

type Finding = readonly [Problem['tone'], string];

function serverProblems(server: ServerRecord, face: ServerFace, nowMs: number): Finding[] {
  if (!face.up) {
    const { lost } = server;
    if (lost === undefined) return [['bad', 'it has stopped']];
    return [['bad', `does not answer for ${spanText(nowMs - lost.time)}: ${lost.why}`]];
  }
  const found: Finding[] = [];
  if (server.refused !== undefined) found.push(['warn', `does not answer us: ${server.refused}`]);
  if (server.diskFullMs !== undefined) found.push(['bad', 'its disk is full; writes are refused']);
  if (face.mode === 'looking') found.push(['bad', 'it looks for a leader and does not serve']);
  if (face.mode === 'read-only') found.push(['bad', 'read-only: it is cut off from its quorum']);
  if (server.stopping) found.push(['warn', 'it is stopping']);
  const silentMs = server.sampledMs === 0 ? 0 : nowMs - server.sampledMs;
  if (silentMs > SILENT_MS) found.push(['warn', `no news of it for ${spanText(silentMs)}`]);
  return [...found, ...measured(server), ...recent(server, nowMs)];
}

/** What the last sample shows. */
function measured({ sample, lag }: ServerRecord): Finding[] {
  if (sample === undefined) return [];
  const found: Finding[] = [];
  if (sample.fsyncP99Ms >= FSYNC_SLOW_MS) {
    const tone = sample.fsyncP99Ms >= FSYNC_BAD_MS ? 'bad' : 'warn';
    found.push([tone, `slow disk: 1 fsync in 100 takes ${msWords(sample.fsyncP99Ms)} or more`]);
  }
  if (lag >= LAG_MANY) found.push(['warn', `lagging: ${fullCount(lag)} transactions behind the leader`]);
  if (sample.outstanding >= OUTSTANDING_MANY)
    found.push(['warn', `${fullCount(sample.outstanding)} requests wait in it`]);
  if (sample.throttledPerS > 0) found.push(['warn', 'it throttles: too many requests are in flight']);
  // Those of Apache are of all requests since the server began: no news of now.
  if (sample.latencyP99Ms >= LATENCY_SLOW_MS && sample.kind !== 'apache')
    found.push(['warn', `slow: 1 request in 100 takes ${msWords(sample.latencyP99Ms)} or more`]);
  if (sample.cpuPercent >= CPU_PERCENT_HIGH)
    found.push(['warn', `it is at ${Math.round(sample.cpuPercent)} % of a core`]);
  if (sample.sessionsExpiredPerS >= 1)
    found.push(['warn', `${fullCount(sample.sessionsExpiredPerS)} sessions expire in a second`]);
  return found;
}

/** What happened in the last minute. */
function recent(server: ServerRecord, nowMs: number): Finding[] {
  const found: Finding[] = [];
  const stalls = server.stalls.within(nowMs);
  if (stalls.longestMs >= PAUSE_MS)
    found.push([
      'warn',
      `stalled ${times(stalls.count)} in a minute, for up to ${msWords(stalls.longestMs)}`,
    ]);
  const gc = server.gc.within(nowMs);
  if (gc.longestMs >= PAUSE_MS)
    found.push(['warn', `garbage collection held it for ${msWords(gc.longestMs)}`]);
  else if (gc.sumMs >= RECENT_MS / 10)
    found.push([
      'warn',
      `garbage collection takes ${Math.round((100 * gc.sumMs) / RECENT_MS)} % of its time`,
    ]);
  const syncs = server.slowSyncs.within(nowMs);
  if (syncs.count > 0)
    found.push([
      'warn',
      `slow fsync ${times(syncs.count)} in a minute, for up to ${msWords(syncs.longestMs)}`,
    ]);
  const throttles = server.throttles.within(nowMs);
  if (throttles.count > 0 && (server.sample?.throttledPerS ?? 0) <= 0)
    found.push(['warn', `it throttled clients ${times(throttles.count)} in a minute`]);
  return found;
}

const times = (count: number): string => (count === 1 ? 'once' : `${fullCount(count)} times`);
