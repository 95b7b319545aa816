/** What went wrong, in words and as an exit code. */
import { EXIT, type ExitCode, reasonOf, ZktError } from '../base/errors.ts';
import { SERVER_CLOSED } from '../client/connect-waiters.ts';
import { KeeperError } from '../client/keeper-error.ts';
import { ERR, keeperMessage } from '../protocol/error-codes.ts';
import { OptionError } from './parse/options.ts';

/** A failed command: its lines are printed on stderr. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exit: ExitCode;

  constructor(message: string, exit: ExitCode = EXIT.failed) {
    super(message);
    this.exit = exit;
  }
}

/** Wrong arguments: the usage line is printed. */
export class UsageFailure extends CommandFailure {
  constructor(usage: string) {
    super(usage, EXIT.usage);
  }
}

/** zkCli's words for the codes it has words for; the path follows. */
const ZKCLI_WORDS: ReadonlyMap<number, string> = new Map([
  [ERR.NONODE, 'Node does not exist: '],
  [ERR.NOCHILDRENFOREPHEMERALS, 'Ephemerals cannot have children: '],
  [ERR.NODEEXISTS, 'Node already exists: '],
  [ERR.NOTEMPTY, 'Node not empty: '],
  [ERR.NOTREADONLY, 'Not a read-only call: '],
  [ERR.INVALIDACL, 'Acl is not valid : '],
  [ERR.NOAUTH, 'Insufficient permission : '],
  [ERR.BADARGUMENTS, 'Arguments are not valid : '],
  [ERR.BADVERSION, 'version No is not valid : '],
  [ERR.QUOTAEXCEEDED, 'Quota has exceeded : '],
]);

const ZKCLI_SENTENCES: ReadonlyMap<number, string> = new Map([
  [
    ERR.RECONFIGINPROGRESS,
    'Another reconfiguration is in progress -- concurrent reconfigs not supported (yet)',
  ],
  [
    ERR.NEWCONFIGNOQUORUM,
    'No quorum of new config is connected and up-to-date with the leader of last committed config - try invoking reconfiguration after new servers are connected and synced',
  ],
]);

const EXIT_OF: ReadonlyMap<number, ExitCode> = new Map<number, ExitCode>([
  [ERR.CONNECTIONLOSS, EXIT.noConnection],
  [ERR.OPERATIONTIMEOUT, EXIT.noConnection],
  [ERR.REQUESTTIMEOUT, EXIT.noConnection],
  [ERR.SESSIONEXPIRED, EXIT.noConnection],
  [ERR.SESSIONMOVED, EXIT.noConnection],
  [ERR.NONODE, EXIT.noNode],
  [ERR.NODEEXISTS, EXIT.conflict],
  [ERR.NOTEMPTY, EXIT.conflict],
  [ERR.BADVERSION, EXIT.conflict],
  [ERR.NOAUTH, EXIT.noAuth],
  [ERR.AUTHFAILED, EXIT.noAuth],
  [ERR.SESSIONCLOSEDREQUIRESASLAUTH, EXIT.noAuth],
]);

/** What to do next, where there is something. */
const NEXT: ReadonlyMap<number, string> = new Map([
  [ERR.NOTEMPTY, '`deleteall` deletes a node with all below it'],
  [ERR.NOAUTH, '`getAcl` shows who may; give credentials with --auth-file or ZKT_AUTH'],
  [ERR.BADVERSION, '`stat` shows the present version'],
  [ERR.CONNECTIONLOSS, 'the operation may or may not have happened; look before you repeat it'],
  [ERR.REQUESTTIMEOUT, 'the operation may or may not have happened; --timeout MS waits longer'],
  [ERR.INVALIDACL, 'an ACL is scheme:id:perms, such as world:anyone:r or digest:user:HASH:cdrwa'],
  [ERR.UNIMPLEMENTED, 'the server is too old for it, or it is switched off there'],
  [ERR.RECONFIGDISABLED, 'reconfigEnabled=true in the configuration of every server allows it'],
  [ERR.NOTREADONLY, 'that server is cut off from its ensemble and only reads'],
]);

/** And where the operation has no path: of `reconfig`. */
const NEXT_OF_RECONFIG: ReadonlyMap<number, string> = new Map([
  [
    ERR.BADARGUMENTS,
    'a server is server.N=host:quorumPort:electionPort[:role];[host:]clientPort; two voters must stay, or one ' +
      'without standaloneEnabled',
  ],
  [ERR.BADVERSION, '`config` shows the present version'],
  [ERR.NOAUTH, 'whoever may write /zookeeper/config may: see `getAcl`, or the super user with --auth-file'],
]);

/** The sentence zkCli prints for a thrown error. */
export function zkCliMessage(thrown: unknown): string {
  if (!(thrown instanceof KeeperError)) return reasonOf(thrown);
  const words = ZKCLI_WORDS.get(thrown.code);
  if (words !== undefined) return `${words}${thrown.path ?? null}`;
  return ZKCLI_SENTENCES.get(thrown.code) ?? keeperMessage(thrown.code, thrown.path);
}

/** A server without a quorum accepts connections and closes them; none at all refuses them. */
const connectHint = (message: string): string =>
  message.endsWith(SERVER_CLOSED)
    ? 'it may have no quorum, or no room: `zkt status` tells'
    : 'is a server running there? --servers or ZKT_SERVERS names another';

/** An error as a one-shot tells it. */
export interface Explanation {
  readonly message: string;
  /** What to do next. */
  readonly hint: string | undefined;
  readonly exit: ExitCode;
  /** For `-o json`: the constant of the protocol, or the ZKT code. */
  readonly code: string;
}

/** The explanation of anything a command throws that is not a bug; undefined for a bug. */
export function explain(thrown: unknown): Explanation | undefined {
  if (thrown instanceof KeeperError) {
    return {
      message: zkCliMessage(thrown),
      hint:
        (thrown.path === undefined ? NEXT_OF_RECONFIG.get(thrown.code) : undefined) ?? NEXT.get(thrown.code),
      exit: EXIT_OF.get(thrown.code) ?? EXIT.failed,
      code: thrown.errName ?? `ERR_${thrown.code}`,
    };
  }
  if (thrown instanceof OptionError) {
    return { message: thrown.plain, hint: undefined, exit: thrown.exit, code: thrown.code };
  }
  if (thrown instanceof ZktError) {
    const hint = thrown.code === 'ZKT_CONNECT' ? connectHint(thrown.message) : undefined;
    return { message: thrown.message, hint, exit: thrown.exit, code: thrown.code };
  }
  if (thrown instanceof UsageFailure) {
    return { message: `usage: ${thrown.message}`, hint: undefined, exit: thrown.exit, code: 'ZKT_USAGE' };
  }
  if (thrown instanceof CommandFailure) {
    return { message: thrown.message, hint: undefined, exit: thrown.exit, code: 'ZKT_FAILED' };
  }
  const errno = (thrown as NodeJS.ErrnoException | undefined)?.code;
  if (thrown instanceof Error && typeof errno === 'string' && /^E[A-Z]+$/.test(errno)) {
    return { message: thrown.message, hint: undefined, exit: EXIT.failed, code: errno };
  }
  return undefined;
}
