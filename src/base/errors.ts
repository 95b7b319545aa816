/**
 * Operating errors: what can go wrong outside our own code (disk, network, configuration, input).
 *
 * Each has a code that is never reused, typed context, and a way out in words. Protocol codes (data that
 * travels to a client) live in `protocol/error-codes.ts`; bugs are `invariant`s.
 */

/** Exit codes of the command line; a contract (product.md). */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  noConnection: 3,
  noNode: 4,
  conflict: 5,
  noAuth: 6,
  corrupt: 7,
  unhealthy: 8,
  interrupted: 130,
} as const;
/** One of the exit codes of the command line. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The registry: code -> exit code and the message made from its context. Add at the end, never rename. */
const REGISTRY = {
  ZKT_CONFIG_LINE: {
    exit: EXIT.usage,
    text: (c: { file: string; line: number; key: string; value: string; expected: string }) =>
      `${c.file}:${c.line}: ${c.key}=${c.value}: expected ${c.expected}`,
  },
  ZKT_CONFIG_MISSING: {
    exit: EXIT.usage,
    text: (c: { file: string; key: string; why: string }) => `${c.file}: ${c.key} is missing: ${c.why}`,
  },
  ZKT_CONFIG_UNREADABLE: {
    exit: EXIT.usage,
    text: (c: { file: string; why: string }) => `cannot read the configuration ${c.file}: ${c.why}`,
  },
  ZKT_DATA_DIR: {
    exit: EXIT.failed,
    text: (c: { dir: string; why: string }) => `cannot use the data directory ${c.dir}: ${c.why}`,
  },
  ZKT_DATA_DIR_LOCKED: {
    exit: EXIT.failed,
    text: (c: { dir: string; pid: number }) =>
      `the data directory ${c.dir} is in use by process ${c.pid}; stop that server or name another --data`,
  },
  ZKT_PORT_IN_USE: {
    exit: EXIT.failed,
    text: (c: { what: string; host: string; port: number }) =>
      `${c.what} ${c.host}:${c.port} is in use; stop the other program or choose another port`,
  },
  ZKT_LISTEN: {
    exit: EXIT.failed,
    text: (c: { what: string; host: string; port: number; why: string }) =>
      `cannot listen on ${c.what} ${c.host}:${c.port}: ${c.why}`,
  },
  ZKT_DISK_WRITE: {
    exit: EXIT.failed,
    text: (c: { file: string; what: string; why: string }) =>
      `${c.what} of ${c.file} failed: ${c.why}; the server stops, since what is on disk is no longer known`,
  },
  ZKT_LOG_CORRUPT: {
    exit: EXIT.corrupt,
    text: (c: { file: string; offset: number; why: string; lastZxid: string }) =>
      `${c.file} is corrupt at byte ${c.offset}: ${c.why} (last good zxid ${c.lastZxid}); ` +
      'look with `zkt log verify`, mend with `zkt log repair` or take the data of another server',
  },
  ZKT_LOG_GAP: {
    exit: EXIT.corrupt,
    text: (c: { file: string; from: string; to: string }) =>
      `transactions are missing: ${c.file} goes on at zxid ${c.to} after ${c.from}; restore the missing log file`,
  },
  ZKT_SNAPSHOT_CORRUPT: {
    exit: EXIT.corrupt,
    text: (c: { file: string; offset: number; why: string }) =>
      `${c.file} is corrupt at byte ${c.offset}: ${c.why}`,
  },
  ZKT_NO_VALID_SNAPSHOT: {
    exit: EXIT.corrupt,
    text: (c: { dir: string; tried: number; why: string }) =>
      `none of the ${c.tried} snapshots in ${c.dir} can be loaded: ${c.why}`,
  },
  ZKT_SNAPSHOT_MISSING: {
    exit: EXIT.corrupt,
    text: (c: { dir: string }) =>
      `${c.dir} holds transaction logs but no snapshot; restore a snapshot, or start once with ` +
      'snapshot.trust.empty=true if the logs are known to be complete',
  },
  ZKT_FILE: {
    exit: EXIT.failed,
    text: (c: { file: string; what: string; why: string }) => `cannot ${c.what} ${c.file}: ${c.why}`,
  },
  ZKT_NOT_A_LOG: {
    exit: EXIT.corrupt,
    text: (c: { file: string; why: string }) => `${c.file} is not a ZooKeeper transaction log: ${c.why}`,
  },
  ZKT_NOT_A_SNAPSHOT: {
    exit: EXIT.corrupt,
    text: (c: { file: string; why: string }) => `${c.file} is not a ZooKeeper snapshot: ${c.why}`,
  },
  ZKT_USAGE: { exit: EXIT.usage, text: (c: { why: string }) => c.why },
  ZKT_CONNECT: {
    exit: EXIT.noConnection,
    text: (c: { servers: string; why: string }) => `cannot connect to ${c.servers}: ${c.why}`,
  },
  ZKT_TIMEOUT: {
    exit: EXIT.noConnection,
    text: (c: { what: string; ms: number }) => `${c.what} had no answer within ${c.ms} ms`,
  },
  ZKT_READ_ONLY: {
    exit: EXIT.usage,
    text: (c: { command: string }) =>
      `${c.command} would change data, and --read-only (or ZKT_READ_ONLY) is set`,
  },
  ZKT_CLIENT_BUSY: {
    exit: EXIT.failed,
    text: (c: { limit: number }) =>
      `${c.limit} operations wait for an answer already; await some of them first`,
  },
  ZKT_SYNC: {
    exit: EXIT.failed,
    text: (c: { what: string; why: string }) =>
      `the leader asked to ${c.what}, which is not possible: ${c.why}; empty this server's data directory to take the ` +
      "leader's data",
  },
  ZKT_PEER: {
    exit: EXIT.failed,
    text: (c: { peer: string; port: string; why: string }) => `${c.peer} on the ${c.port} port: ${c.why}`,
  },
  ZKT_EPOCH: {
    exit: EXIT.corrupt,
    text: (c: { dir: string; why: string }) => `the epoch files in ${c.dir} do not fit the data: ${c.why}`,
  },
  ZKT_SCENARIO: {
    exit: EXIT.usage,
    text: (c: { file: string; line: number; why: string }) => `${c.file}:${c.line}: ${c.why}`,
  },
  ZKT_UNSUPPORTED: { exit: EXIT.usage, text: (c: { what: string }) => `${c.what} is not supported` },
  ZKT_NOT_A_RECORDING: {
    exit: EXIT.corrupt,
    text: (c: { file: string; why: string }) => `${c.file} is not a recording of zkt: ${c.why}`,
  },
} as const;

/** A code of the registry. */
export type ErrorCode = keyof typeof REGISTRY;
/** The context the error of that code carries. */
export type ErrorContext<C extends ErrorCode> = Parameters<(typeof REGISTRY)[C]['text']>[0];

/**
 * An operating error: `code` to switch on, `context` to use, `message` to show, `exit` for the command line.
 */
export class ZktError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'ZktError';
  readonly code: C;
  readonly context: ErrorContext<C>;
  readonly exit: ExitCode;

  constructor(code: C, context: ErrorContext<C>, options?: { cause?: unknown }) {
    const entry = REGISTRY[code] as { exit: ExitCode; text: (c: ErrorContext<C>) => string };
    super(entry.text(context), options);
    this.code = code;
    this.context = context;
    this.exit = entry.exit;
  }
}

/** The short reason inside anything thrown: an errno with its text, or the message. */
export const reasonOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
