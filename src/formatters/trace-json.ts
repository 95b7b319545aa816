/**
 * A trace as JSON: zxid and session as `0x…`, times in ms since the request began, `start` in ISO-8601 UTC.
 */
import { hex0x } from '../base/brands.ts';
import type { Trace } from '../events/trace.ts';
import { errName } from '../protocol/error-codes.ts';

const MICROS = 1000;
const rounded = (ms: number): number => Math.round(ms * MICROS) / MICROS;

/** Without `v`. Times have microseconds. */
export function traceToJson(trace: Trace): Record<string, unknown> {
  const { session, cxid, op, path, zxid, err, startMs, totalMs, withClient, quorum, slowest } = trace;
  return {
    op,
    path: path === '' ? null : path,
    session: hex0x(session),
    cxid,
    zxid: zxid === undefined ? null : hex0x(zxid),
    err: err ?? null,
    error: err === undefined || err === 0 ? null : (errName(err) ?? String(err)),
    start: new Date(startMs).toISOString(),
    ms: totalMs === undefined ? null : rounded(totalMs),
    withClient,
    stages: trace.stages.map((it) => ({ ...it, startMs: rounded(it.startMs), endMs: rounded(it.endMs) })),
    criticalPath: trace.criticalPath.map((it) => ({
      ...it,
      startMs: rounded(it.startMs),
      ms: rounded(it.ms),
    })),
    quorum:
      quorum === undefined
        ? null
        : {
            atMs: rounded(quorum.atMs),
            by: quorum.by ?? null,
            acks: quorum.acks.map(({ node, atMs }) => ({ node, atMs: rounded(atMs) })),
          },
    slowest:
      slowest === undefined ? null : { stage: slowest.stage, node: slowest.node, ms: rounded(slowest.ms) },
    servers: trace.servers.map((it) => ({ ...it, correctedMs: rounded(it.correctedMs) })),
    missing: trace.missing,
    contradictionMs: rounded(trace.contradictionMs),
  };
}
