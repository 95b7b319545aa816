/** Events of the server as a process, and its configuration. */
import { type EventSpec, event } from './declare.ts';

/** A part of the table of events. */
export const SERVER_EVENTS = {
  'server.starting': event('info', 'none', 'The server begins to start.', {
    version: 'text',
    dataDir: 'text',
  }),
  'server.serving': event('info', 'none', 'The server answers clients.', {
    host: 'text',
    port: 'number',
    zxid: 'zxid',
    nodes: 'number',
    sessions: 'number',
    ms: 'number',
  }),
  'server.stopping': event('info', 'none', 'The server stops in good order.', { reason: 'text' }),
  'server.stopped': event('info', 'none', 'The server has stopped.', { zxid: 'zxid' }),
  'server.failed': event('error', 'none', 'The server cannot go on and ends.', {
    code: 'text',
    message: 'text',
  }),
  'config.seen': event(
    'info',
    'counter',
    'A configuration of the ensemble newer than the one in force was heard of: it may come into force.',
    { version: 'zxid', servers: 'number' },
  ),
  'config.activated': event('info', 'counter', 'A configuration of the ensemble is in force from now on.', {
    version: 'zxid',
    servers: 'number',
    file: 'text',
  }),
  'config.warning': event(
    'warn',
    'counter',
    'A line of the configuration does not do what it seems to say.',
    {
      file: 'text',
      line: 'number',
      message: 'text',
    },
  ),
  'server.sampled': event(
    'trace',
    'none',
    'How a server is, about once a second while somebody listens; -1, or no text, for what it does not tell. Rates are ' +
      'those since the sample before; latencies those of clients, ms, of a part of the requests where there are many.',
    {
      kind: 'text',
      version: 'text',
      mode: 'text',
      sid: 'sid',
      address: 'text',
      epoch: 'number',
      zxid: 'zxid',
      connections: 'number',
      outstanding: 'number',
      nodes: 'number',
      watches: 'number',
      ephemerals: 'number',
      sessions: 'number',
      requestsPerS: 'number',
      writesPerS: 'number',
      bytesInPerS: 'number',
      bytesOutPerS: 'number',
      latencyP50Ms: 'number',
      latencyP99Ms: 'number',
      latencyMaxMs: 'number',
      fsyncsPerS: 'number',
      fsyncP99Ms: 'number',
      sessionsCreatedPerS: 'number',
      sessionsResumedPerS: 'number',
      sessionsExpiredPerS: 'number',
      throttledPerS: 'number',
      heapBytes: 'number',
      rssBytes: 'number',
      cpuPercent: 'number',
      loopP99Ms: 'number',
      openFiles: 'number',
      uptimeMs: 'number',
    },
  ),
  'hot.sampled': event(
    'trace',
    'none',
    'One of the most used paths, clients, sessions or operations since the sample before (kind: path, client, session, ' +
      'op). Counts are estimates where only a part of the requests was looked at.',
    { kind: 'text', key: 'text', count: 'number', writes: 'number', bytes: 'number', ms: 'number' },
  ),
  'admin.listening': event('info', 'none', 'The HTTP admin answers.', { host: 'text', port: 'number' }),
  'admin.unavailable': event('warn', 'none', 'There is no HTTP admin: its port cannot be opened.', {
    host: 'text',
    port: 'number',
    why: 'text',
  }),
  'admin.refused': event('warn', 'counter', 'The HTTP admin refused a request.', {
    remote: 'text',
    what: 'text',
    why: 'text',
  }),
  'feed.opened': event('debug', 'counter', 'Somebody began to listen to the events of a server.', {
    remote: 'text',
    filter: 'text',
  }),
  'feed.closed': event('debug', 'counter', 'A listener of the events of a server has gone.', {
    remote: 'text',
    sent: 'number',
    dropped: 'number',
    why: 'text',
  }),
  'feed.began': event(
    'trace',
    'none',
    'The first line of a stream of events: how many of before it are replayed, and how many of those asked for are ' +
      'forgotten.',
    { version: 'text', sid: 'sid', replayed: 'number', forgotten: 'number' },
  ),
  'feed.dropped': event(
    'trace',
    'none',
    'Told in a stream: events that this listener was not sent, since it reads too slowly (slow), or asked for no more ' +
      '(budget), or that a recording lacks, since they could not be written (disk); and what an observer was sent ' +
      'that is no event (garbage), or more than it looks at (flood). With a budget they are not counted, since they were never made: then ms says for how long.',
    { why: 'text', count: 'number', ms: 'number' },
  ),
  'recorder.rolled': event('debug', 'counter', 'The flight recorder began a new file.', {
    file: 'text',
    bytes: 'number',
  }),
  'recorder.failed': event('warn', 'counter', 'The flight recorder cannot write; it tries again.', {
    file: 'text',
    message: 'text',
  }),
  'loop.gc': event(
    'debug',
    'summary',
    'The garbage collector held the event loop (kind: minor, major, ...).',
    {
      kind: 'text',
      ms: 'number',
    },
  ),
  'loop.stalled': event('warn', 'summary', 'The event loop did nothing else for a while.', { ms: 'number' }),
} as const satisfies Record<string, EventSpec>;
