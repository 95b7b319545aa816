/** Events of clients: connections, sessions, requests, watches. */
import { type EventSpec, event } from './declare.ts';

/** A part of the table of events. */
export const CLIENT_EVENTS = {
  'connection.opened': event('debug', 'counter', 'A client connected.', {
    connection: 'number',
    remote: 'text',
  }),
  'connection.closed': event('debug', 'counter', 'A client connection ended.', {
    connection: 'number',
    remote: 'text',
    session: 'session',
    reason: 'text',
  }),
  'connection.refused': event('warn', 'counter', 'A client was turned away at the door.', {
    remote: 'text',
    limit: 'text',
    value: 'number',
  }),
  'connection.bad-input': event(
    'warn',
    'counter',
    'A client sent bytes that are no request; it was disconnected.',
    {
      connection: 'number',
      remote: 'text',
      message: 'text',
    },
  ),
  'connection.throttled': event(
    'debug',
    'counter',
    'A connection is not read from until its requests are answered.',
    {
      connection: 'number',
      outstanding: 'number',
      limit: 'text',
    },
  ),
  'connection.slow-reader': event(
    'warn',
    'counter',
    'A client does not read its replies; it was disconnected.',
    {
      connection: 'number',
      remote: 'text',
      bytes: 'number',
    },
  ),
  'command.four-letter': event('debug', 'counter', 'A four-letter word was asked.', {
    word: 'text',
    remote: 'text',
  }),
  'session.created': event('debug', 'counter', 'A session began.', {
    session: 'session',
    timeoutMs: 'number',
    bucketMs: 'number',
  }),
  'session.resumed': event('debug', 'counter', 'A client came back to its session.', {
    session: 'session',
    timeoutMs: 'number',
  }),
  'session.refused': event(
    'debug',
    'counter',
    'A session was not resumed: unknown, expired or a wrong password.',
    {
      session: 'session',
      why: 'text',
    },
  ),
  'session.attached': event(
    'debug',
    'counter',
    'A session is served over this connection from now on; client is what it calls itself.',
    { session: 'session', connection: 'number', remote: 'text', client: 'text', timeoutMs: 'number' },
  ),
  'session.sampled': event(
    'trace',
    'none',
    'One of the sessions, those nearest to their expiry first; -1, or no text, for what this server does not know of it.',
    {
      session: 'session',
      server: 'sid',
      remote: 'text',
      client: 'text',
      timeoutMs: 'number',
      leftMs: 'number',
      bucketMs: 'number',
      ephemerals: 'number',
      watches: 'number',
      local: 'flag',
    },
  ),
  'session.bucket-sampled': event(
    'trace',
    'none',
    'One of the expiry buckets: its time on the monotonic clock of the server, how far away that is, and how many ' +
      'sessions lie in it.',
    { bucketMs: 'number', inMs: 'number', sessions: 'number', tickMs: 'number' },
  ),
  'session.touched': event('trace', 'none', 'A session moved to another expiry bucket.', {
    session: 'session',
    bucketMs: 'number',
  }),
  'session.expired': event('info', 'counter', 'A session was silent for too long.', {
    session: 'session',
    timeoutMs: 'number',
    bucketMs: 'number',
  }),
  'session.moved': event('debug', 'counter', 'A client went on with its session at another server.', {
    session: 'session',
  }),
  'session.upgraded': event('debug', 'counter', 'A local session becomes one of the ensemble.', {
    session: 'session',
  }),
  'session.closed': event('debug', 'counter', 'A session ended and its ephemerals are gone.', {
    session: 'session',
    ephemerals: 'number',
    zxid: 'zxid',
  }),
  'request.received': event('trace', 'none', 'A request arrived.', {
    session: 'session',
    cxid: 'number',
    op: 'text',
    path: 'text',
    bytes: 'number',
  }),
  'request.forwarded': event('trace', 'none', 'A learner passed a request on to its leader.', {
    session: 'session',
    cxid: 'number',
    op: 'text',
  }),
  'request.arrived': event('trace', 'none', 'A leader got a request from a learner.', {
    session: 'session',
    cxid: 'number',
    op: 'text',
    from: 'sid',
  }),
  'request.prepared': event('trace', 'none', 'A write was checked and became a transaction.', {
    session: 'session',
    cxid: 'number',
    op: 'text',
    zxid: 'zxid',
    err: 'number',
  }),
  'request.logged': event('trace', 'none', 'A transaction is on disk; ms is how long its fsync took.', {
    session: 'session',
    cxid: 'number',
    zxid: 'zxid',
    ms: 'number',
  }),
  'request.applied': event('trace', 'none', 'A transaction changed the tree.', {
    session: 'session',
    cxid: 'number',
    zxid: 'zxid',
  }),
  'request.replied': event('trace', 'none', 'A request was answered.', {
    session: 'session',
    cxid: 'number',
    op: 'text',
    zxid: 'zxid',
    err: 'number',
    ms: 'number',
  }),
  'request.slow': event(
    'warn',
    'counter',
    'A request took longer than slowRequestThresholdMs; stages says how long each took, ms.',
    {
      session: 'session',
      cxid: 'number',
      op: 'text',
      path: 'text',
      zxid: 'zxid',
      ms: 'number',
      stages: 'text',
    },
  ),
  'request.over-limit': event(
    'debug',
    'counter',
    'A request asks for more than a limit allows, which the event names; it was refused.',
    { session: 'session', cxid: 'number', op: 'text', limit: 'text', value: 'number' },
  ),
  'request.throttled': event('debug', 'counter', 'Requests wait because too many are in flight.', {
    outstanding: 'number',
    limit: 'text',
  }),
  'watch.set': event('trace', 'none', 'A watch was set.', { session: 'session', path: 'text', mode: 'text' }),
  'watch.fired': event('trace', 'counter', 'A watch fired.', {
    session: 'session',
    path: 'text',
    type: 'text',
    zxid: 'zxid',
  }),
  'watch.removed': event('trace', 'none', 'A client took a watch back.', {
    session: 'session',
    path: 'text',
  }),
  'watch.sampled': event(
    'trace',
    'none',
    'One of the paths or clients with the most watches (kind: path, client): how many, how many of them are at paths ' +
      'where none ever fired, the age of the oldest, and what came and fired since the sample before.',
    {
      kind: 'text',
      key: 'text',
      watches: 'number',
      neverFired: 'number',
      oldestMs: 'number',
      added: 'number',
      fired: 'number',
    },
  ),
  'watch.limit': event('warn', 'counter', 'A connection holds too many watches; it was disconnected.', {
    session: 'session',
    watches: 'number',
  }),
} as const satisfies Record<string, EventSpec>;
