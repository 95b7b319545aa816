/** Events of tree, log, snapshots and disk. */
import { type EventSpec, event } from './declare.ts';

/** A part of the table of events. */
export const STORAGE_EVENTS = {
  'tree.quota-exceeded': event('warn', 'counter', 'A soft quota is exceeded.', {
    path: 'text',
    what: 'text',
    used: 'number',
    limit: 'number',
  }),
  'tree.ttl-off': event(
    'warn',
    'none',
    'There are TTL nodes, and extendedTypesEnabled is off: they are kept and do not expire.',
    { nodes: 'number', example: 'text' },
  ),
  'tree.digest-mismatch': event('error', 'counter', 'The tree differs from what the log says it should be.', {
    zxid: 'zxid',
    expected: 'text',
    actual: 'text',
  }),
  'log.rolled': event('info', 'counter', 'A new transaction log was begun.', { file: 'text' }),
  'log.appended': event('trace', 'none', 'Transactions were written to the log.', {
    count: 'number',
    bytes: 'number',
    zxid: 'zxid',
  }),
  'log.synced': event('trace', 'summary', 'The log was forced to disk.', {
    count: 'number',
    zxid: 'zxid',
    ms: 'number',
  }),
  'log.slow-sync': event('warn', 'counter', 'Forcing the log to disk took too long.', {
    file: 'text',
    ms: 'number',
  }),
  'log.recovered': event('info', 'none', 'A log was replayed at start.', {
    file: 'text',
    count: 'number',
    lastZxid: 'zxid',
    end: 'text',
  }),
  'log.tail-cut': event(
    'warn',
    'counter',
    'The end of a log had not been forced to disk when the server died, so nobody was told of it; it was cut off.',
    { file: 'text', offset: 'number', bytes: 'number', why: 'text' },
  ),
  'log.damage-passed': event(
    'warn',
    'counter',
    'A damaged log record was passed over, since the snapshot or a later record covers it.',
    { file: 'text', offset: 'number', why: 'text' },
  ),
  'snapshot.started': event('info', 'none', 'A snapshot is being written.', { file: 'text', zxid: 'zxid' }),
  'snapshot.finished': event('info', 'summary', 'A snapshot is complete and on disk.', {
    file: 'text',
    zxid: 'zxid',
    nodes: 'number',
    bytes: 'number',
    ms: 'number',
  }),
  'snapshot.sent': event('info', 'summary', 'A snapshot was sent to a learner.', {
    remote: 'text',
    zxid: 'zxid',
    nodes: 'number',
    bytes: 'number',
    ms: 'number',
  }),
  'snapshot.failed': event('error', 'counter', 'A snapshot could not be written.', {
    file: 'text',
    message: 'text',
  }),
  'snapshot.loaded': event('info', 'summary', 'A snapshot was loaded at start.', {
    file: 'text',
    zxid: 'zxid',
    nodes: 'number',
    ms: 'number',
  }),
  'snapshot.skipped': event('warn', 'counter', 'A snapshot file was passed over at start.', {
    file: 'text',
    why: 'text',
  }),
  'purge.removed': event('info', 'counter', 'An old file was removed.', { file: 'text' }),
  'purge.failed': event('warn', 'counter', 'Old files could not be removed; the next purge tries again.', {
    file: 'text',
    message: 'text',
  }),
  'disk.full': event('error', 'counter', 'There is no space left; writes are refused until there is.', {
    file: 'text',
    message: 'text',
  }),
  'disk.recovered': event('info', 'counter', 'There is space again; writes are accepted.', { file: 'text' }),
} as const satisfies Record<string, EventSpec>;
