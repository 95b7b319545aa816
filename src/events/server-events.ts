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
  'loop.stalled': event('warn', 'summary', 'The event loop did nothing else for a while.', { ms: 'number' }),
} as const satisfies Record<string, EventSpec>;
