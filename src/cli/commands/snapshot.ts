/** `zkt snapshot`: snapshots, looked at, checked, summed up and compared. */
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { EXIT, type ExitCode, ZktError } from '../../base/errors.ts';
import type { ValueForm } from '../../formatters/value-json.ts';
import { systemClock } from '../../platform/clock.ts';
import { systemCompression } from '../../platform/compression.ts';
import { systemDisk } from '../../platform/disk.ts';
import type { Io } from '../io.ts';
import type { OutputFormat } from '../settings/global-options.ts';
import { toolHelp } from '../settings/tool-help.ts';
import type { ToolContext } from '../tool.ts';
import { countOption, formatOption, idOption, valueFormOption } from './log-options.ts';
import { run as compare } from './snapshot-compare.ts';
import { run as dump, type SnapshotPorts } from './snapshot-dump.ts';
import { run as summary } from './snapshot-summary.ts';
import { run as verify } from './snapshot-verify.ts';

const EXAMPLES = `
Examples:
  zkt snapshot dump snapshot.3b                      as Apache's SnapshotFormatter prints it
  zkt snapshot dump -d snapshot.3b                   with data, in base64
  zkt snapshot dump data --path /app -o ndjson       the newest of a data directory, a node a line
  zkt snapshot dump --ncdu snapshot.3b | ncdu -f -   which subtrees are large
  zkt snapshot verify /var/lib/zookeeper             every snapshot there
  zkt snapshot summary snapshot.3b /app 2            nodes and bytes below /app, two levels deep
  zkt snapshot compare snapshot.3b snapshot.62       what grew and what went

FILE may be plain, .gz or .snappy, or a directory: a data directory, or the version-2 in it.
Exit code 7: the file is damaged; what could be read before the damage is printed.`;

const PORTS: SnapshotPorts = { disk: systemDisk, compression: systemCompression, clock: systemClock };

interface OutputFlags {
  readonly output?: OutputFormat;
}

interface DumpFlags extends OutputFlags {
  readonly data?: boolean;
  readonly ncdu?: boolean;
  readonly values?: ValueForm;
  readonly path?: string;
  readonly session?: string;
}

interface CompareFlags extends OutputFlags {
  readonly left?: string;
  readonly right?: string;
  readonly bytes: string;
  readonly nodes: string;
  readonly debug?: boolean;
  readonly interactive?: boolean;
}

/** Fills in the command. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, EXAMPLES, context.brief === true).description('look at, check and compare snapshots');
  buildDump(command, context);
  buildVerify(command, context);
  buildSummary(command, context);
  buildCompare(command, context);
}

const finish = (context: ToolContext, code: ExitCode): void => {
  if (code !== EXIT.ok) context.exit(code);
};

const formatOf = (context: ToolContext, flags: OutputFlags): OutputFormat =>
  flags.output ?? context.globals.output ?? 'table';

function buildDump(parent: Command, context: ToolContext): void {
  parent
    .command('dump')
    .description('print every node and session')
    .argument('<file>', 'a snapshot, or a directory: its newest')
    .option('-d, --data', 'print data, in base64, instead of its length')
    .option('--ncdu', "print ncdu's JSON (Apache's -json)")
    .option('--path <path>', 'only this node and those below it')
    .option('--session <id>', 'only ephemerals of this session, 0x…')
    .option('-o, --output <format>', 'table, json or ndjson', formatOption)
    .option('--values <form>', 'how data is written in JSON: text, hex or base64', valueFormOption)
    .action(async (target: string, flags: DumpFlags) => {
      if (flags.ncdu === true && flags.data === true) {
        throw new ZktError('ZKT_USAGE', {
          why: 'Cannot specify both data dump (-d) and json mode (--ncdu) in same call',
        });
      }
      const options = {
        target,
        format: flags.ncdu === true ? ('ncdu' as const) : formatOf(context, flags),
        data: flags.data ?? false,
        values: flags.values ?? ('text' as const),
        path: flags.path,
        session: flags.session === undefined ? undefined : idOption(flags.session, '--session'),
      };
      finish(context, await dump(options, context.io, PORTS));
    });
}

function buildVerify(parent: Command, context: ToolContext): void {
  parent
    .command('verify')
    .description('check seals, parents, ACLs and the digest')
    .argument('<file>', 'a snapshot, or a directory: all in it')
    .option('-o, --output <format>', 'table, json or ndjson', formatOption)
    .action(async (target: string, flags: OutputFlags) => {
      finish(context, await verify({ target, format: formatOf(context, flags) }, context.io, PORTS));
    });
}

function buildSummary(parent: Command, context: ToolContext): void {
  parent
    .command('summary')
    .description('count nodes and bytes below each node')
    .argument('<file>', 'a snapshot, or a directory: its newest')
    .argument('[path]', 'the node to begin with', '/')
    .argument('[depth]', 'levels below it to print; 0 for all', '0')
    .option('-o, --output <format>', 'table, json or ndjson', formatOption)
    .action(async (target: string, path: string, depth: string, flags: OutputFlags) => {
      const options = {
        target,
        path,
        depth: countOption(depth, 'depth', 0),
        format: formatOf(context, flags),
      };
      finish(context, await summary(options, context.io, PORTS));
    });
}

function buildCompare(parent: Command, context: ToolContext): void {
  parent
    .command('compare')
    .description('tell which subtrees of two snapshots differ in size')
    .argument('[left]', 'a snapshot, or a directory: its newest')
    .argument('[right]', 'another one')
    .option('-l, --left <file>', 'the left snapshot')
    .option('-r, --right <file>', 'the right snapshot')
    .option('-b, --bytes <n>', 'leave out differences of no more bytes', '0')
    .option('-n, --nodes <n>', 'and of no more descendants', '0')
    .option('-d, --debug', 'also tell every step')
    .option('-i, --interactive', 'ask which part to look at')
    .option('-o, --output <format>', 'table, json or ndjson', formatOption)
    .action(async (first: string | undefined, second: string | undefined, flags: CompareFlags) => {
      const named = [first, second].filter((name) => name !== undefined);
      const left = flags.left ?? named.shift();
      const right = flags.right ?? named.shift();
      if (left === undefined || right === undefined) {
        throw new ZktError('ZKT_USAGE', { why: 'two snapshots are needed' });
      }
      const options = {
        left,
        right,
        bytes: countOption(flags.bytes, '--bytes', 0),
        nodes: countOption(flags.nodes, '--nodes', 0),
        debug: flags.debug ?? false,
        interactive: flags.interactive ?? false,
        format: formatOf(context, flags),
      };
      const input = linesOf(context.io);
      finish(context, await compare(options, context.io, PORTS, input.next));
      input.close();
    });
}

/** The lines of stdin, one when asked; stdin is not opened before. */
function linesOf(io: Io): { next: () => Promise<string | undefined>; close: () => void } {
  let reader: ReturnType<typeof createInterface> | undefined;
  let lines: AsyncIterator<string> | undefined;
  return {
    async next() {
      reader ??= createInterface({ input: io.stdin.stream });
      lines ??= reader[Symbol.asyncIterator]();
      const { value, done } = await lines.next();
      return done === true ? undefined : value;
    },
    close: () => reader?.close(),
  };
}
