/** Samples of servers by hand. */
import type { FieldsOf, ZktEvent } from '../../src/events/table.ts';
import { event, STORY_START_MS } from './stories.ts';

type Sample = FieldsOf<'server.sampled'>;

/** A sample of a server that is well; `node` is its id. */
export function sampled(node: string, fields: Partial<Sample> = {}, time = STORY_START_MS): ZktEvent {
  const sample: Sample = {
    kind: 'zkt',
    version: '3.8.0-zkt-0.1.0',
    mode: 'follower',
    sid: BigInt(node),
    address: `10.0.0.${node}:2181`,
    epoch: 1,
    zxid: 0x100000001n,
    connections: 2,
    outstanding: 0,
    nodes: 1_200,
    watches: 30,
    ephemerals: 4,
    sessions: 2,
    requestsPerS: 500,
    writesPerS: 100,
    bytesInPerS: 20_000,
    bytesOutPerS: 40_000,
    latencyP50Ms: 0.4,
    latencyP99Ms: 3.2,
    latencyMaxMs: 9,
    fsyncsPerS: 80,
    fsyncP99Ms: 1.5,
    sessionsCreatedPerS: 0,
    sessionsResumedPerS: 0,
    sessionsExpiredPerS: 0,
    throttledPerS: 0,
    heapBytes: 20 * 1024 * 1024,
    rssBytes: 80 * 1024 * 1024,
    cpuPercent: 12,
    loopP99Ms: 1,
    openFiles: 30,
    uptimeMs: 3_723_000,
    ...fields,
  };
  return event('server.sampled', sample, { node, time });
}
