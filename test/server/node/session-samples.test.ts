import { describe, expect, it } from 'vitest';
import { Bus, SILENT } from '../../../src/events/bus.ts';
import type { FieldsOf } from '../../../src/events/table.ts';
import { ClientLink } from '../../../src/server/net/client-link.ts';
import { Conversation } from '../../../src/server/node/conversation.ts';
import type { RunningServer } from '../../../src/server/node/running-server.ts';
import { SessionSamples } from '../../../src/server/node/samples/session-samples.ts';
import { RemoteSession, TouchTable } from '../../../src/server/node/touch-table.ts';
import { SessionTracker } from '../../../src/server/session/session-tracker.ts';

const SESSIONS = 1_000;
const TICK_MS = 100;

/** A server with a thousand sessions, each on a connection; what is told of it is in `told`. */
function scene(mode: 'standalone' | 'follower') {
  const events = new Bus('1', { wallMs: () => 0 });
  const told: FieldsOf<'session.sampled'>[] = [];
  const buckets: FieldsOf<'session.bucket-sampled'>[] = [];
  events.subscribe({
    names: ['session.sampled', 'session.bucket-sampled'],
    take: ({ name, fields }) => {
      if (name === 'session.sampled') told.push(fields);
      else if (name === 'session.bucket-sampled') buckets.push(fields);
    },
  });
  const tracker = new SessionTracker({ tickMs: TICK_MS, firstId: 1n, events: SILENT });
  const keeper = new TouchTable();
  const links = new Set<ClientLink>();
  for (let i = 1; i <= SESSIONS; i++) {
    const id = BigInt(i);
    const link = Object.create(ClientLink.prototype) as ClientLink;
    Object.assign(link, { remoteAddress: '10.0.0.1', remotePort: i, clientName: '', sessionId: id });
    const session =
      mode === 'follower' ? new RemoteSession(id, 5_000) : tracker.track(id, 4_000 + ((i * 37) % 500), 0);
    if (mode === 'standalone') tracker.claim(id, link);
    link.attachment = new Conversation(link, session, mode === 'follower' ? keeper : tracker);
    links.add(link);
  }
  const server = {
    ...{ mode, tracker, localSessions: 0, port: { links } },
    registry: { countOf: () => 3 },
    database: { tree: { owned: { countOf: () => 2 } } },
  };
  // As much of a server as is looked at.
  const running = { server, peer: undefined, host: '', port: 0 } as object as RunningServer;
  const samples = new SessionSamples(events, 7n);
  return {
    samples,
    told,
    buckets,
    links,
    running,
    take: () => samples.take({ running, nowMs: 0, ms: 1000 }),
  };
}

describe('of many sessions', () => {
  it('where they are kept: those that expire first, and every bucket', () => {
    const { take, told, buckets } = scene('standalone');
    take();
    expect(told.length).toBe(200);
    for (let i = 1; i < told.length; i++) {
      expect(told[i]?.leftMs).toBeGreaterThanOrEqual(told[i - 1]?.leftMs ?? 0);
    }
    expect(told[0]).toMatchObject({
      server: 7n,
      remote: '10.0.0.1:1',
      ephemerals: 2,
      watches: 3,
      local: false,
    });
    expect(buckets.reduce((sum, { sessions }) => sum + sessions, 0)).toBe(SESSIONS);
    expect(buckets.map(({ inMs }) => inMs)).toEqual([4_100, 4_200, 4_300, 4_400, 4_500]);
  });
  it('where only their clients are: all in turn, and anew when all had theirs', () => {
    const { take, told, links } = scene('follower');
    for (let i = 0; i < 5; i++) take();
    expect(new Set(told.map(({ session }) => session)).size).toBe(SESSIONS);
    expect(told[0]).toMatchObject({ session: 1n, leftMs: -1, bucketMs: -1, remote: '10.0.0.1:1' });
    // Some go and others come while the turn goes on.
    for (const link of [...links].slice(0, 10)) links.delete(link);
    told.length = 0;
    take();
    expect(told[0]?.session).toBe(11n);
    expect(told.length).toBe(200);
  });
  it('another server after a change of roles begins its turn anew', () => {
    const { samples, take, told, running } = scene('follower');
    take();
    const server = { ...running.server } as NonNullable<RunningServer['server']>;
    samples.take({ running: { ...running, server }, nowMs: 0, ms: 1000 });
    expect(told[200]?.session).toBe(1n);
  });
});
