/** `zkt log`: transaction logs, looked at, checked, cut and mended. */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { EXIT, type ExitCode, ZktError } from '../../base/errors.ts';
import type { ValueForm } from '../../formatters/value-json.ts';
import { systemCompression } from '../../platform/compression.ts';
import { systemDisk } from '../../platform/disk.ts';
import { systemTimers } from '../../platform/timers.ts';
import type { Io } from '../io.ts';
import type { OutputFormat } from '../settings/global-options.ts';
import { toolHelp } from '../settings/tool-help.ts';
import type { ToolContext } from '../tool.ts';
import { run as dump } from './log-dump.ts';
import {
  countOption,
  type FilterFlags,
  filterOf,
  formatOption,
  idOption,
  valueFormOption,
} from './log-options.ts';
import { chop, repair } from './log-rewrite.ts';
import { run as tail } from './log-tail.ts';
import { run as verify } from './log-verify.ts';

const EXAMPLES = `
Examples:
  zkt log dump /var/lib/zookeeper/version-2/log.1        as Apache's TxnLogToolkit prints it
  zkt log dump data --path /app --op create,delete       of all logs in a data directory
  zkt log dump log.1 -o ndjson | jq -r .path             one JSON object a line
  zkt log verify /var/lib/zookeeper                      is it whole, and would a server start on it?
  zkt log tail -f /var/lib/zookeeper                     follow what a server writes
  zkt log chop -z 0x1e log.1                             log.1.chopped30 ends with zxid 0x1e
  zkt log repair --yes log.1                             log.1.fixed has right checksums

FILE may be a directory for dump, verify and tail: a data directory, or the version-2 in it.
Exit code 7: something was damaged; what could not be read is told on stderr.`;

interface OutputFlags {
  readonly output?: OutputFormat;
  readonly values?: ValueForm;
}

interface TailFlags extends FilterFlags, OutputFlags {
  readonly lines: string;
  readonly follow?: boolean;
  readonly interval: string;
}

interface RewriteFlags extends OutputFlags {
  readonly zxid?: string;
  readonly force?: boolean;
  readonly yes?: boolean;
  readonly skipDamaged?: boolean;
  readonly restoreBits?: boolean;
  readonly verbose?: boolean;
  readonly dryRun?: boolean;
}

/** Fills in the command. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, EXAMPLES, context.brief === true).description('look at, check and mend transaction logs');
  buildDump(command, context);
  buildVerify(command, context);
  buildTail(command, context);
  buildChop(command, context);
  buildRepair(command, context);
}

const finish = (context: ToolContext, code: ExitCode): void => {
  if (code !== EXIT.ok) context.exit(code);
};

const formatOf = (context: ToolContext, flags: OutputFlags): OutputFormat =>
  flags.output ?? context.globals.output ?? 'table';

const list = (text: string): string[] => text.split(',').filter((part) => part !== '');

/** The options of commands that show transactions. */
function withFilters(command: Command): Command {
  return command
    .option('--from <zxid>', 'the first transaction to show, 0x… or decimal')
    .option('--to <zxid>', 'the last one')
    .option('--session <id>', 'only those of a session, 0x…')
    .option('--path <path>', 'only those that touch this node or one below it')
    .option('--op <names>', 'only these operations: create,setData,multi,error,…', list)
    .option('-o, --output <format>', 'table, json or ndjson', formatOption)
    .option('--values <form>', 'how data is written in JSON: text, hex or base64', valueFormOption);
}

function buildDump(parent: Command, context: ToolContext): void {
  const command = parent
    .command('dump')
    .description('print every transaction')
    .argument('<file>', 'a log, or a directory');
  withFilters(command).action(async (target: string, flags: FilterFlags & OutputFlags) => {
    const format = formatOf(context, flags);
    const options = { target, format, values: flags.values ?? 'text', filter: filterOf(flags) } as const;
    finish(context, await dump(options, context.io, systemDisk));
  });
}

function buildVerify(parent: Command, context: ToolContext): void {
  parent
    .command('verify')
    .description('check every record; for a directory also whether a server would start on it')
    .argument('<file>', 'a log, or a directory')
    .option('--snapshots <dir>', 'where the snapshots are, if not with the logs')
    .option('-o, --output <format>', 'table, json or ndjson', formatOption)
    .action(async (target: string, flags: OutputFlags & { readonly snapshots?: string }) => {
      const options = { target, snapshots: flags.snapshots, format: formatOf(context, flags) };
      const ports = { disk: systemDisk, compression: systemCompression };
      finish(context, await verify(options, context.io, ports));
    });
}

function buildTail(parent: Command, context: ToolContext): void {
  const command = parent
    .command('tail')
    .description('print the last transactions, and follow what comes')
    .argument('<file>', 'a log, or a directory: then the newest log')
    .option('-n, --lines <count>', 'transactions to begin with', '10')
    .option('-f, --follow', 'go on as the log grows, into the next file when it rolls')
    .option('--interval <ms>', 'time between two looks', '250');
  withFilters(command).action(async (target: string, flags: TailFlags) => {
    const options = {
      target,
      count: countOption(flags.lines, '--lines', 0),
      follow: flags.follow ?? false,
      pollMs: countOption(flags.interval, '--interval', 1),
      format: formatOf(context, flags),
      values: flags.values ?? ('text' as const),
      filter: filterOf(flags),
    };
    finish(context, await tail(options, context.io, { disk: systemDisk, timers: systemTimers }));
  });
}

function buildChop(parent: Command, context: ToolContext): void {
  parent
    .command('chop')
    .description('copy a log up to a transaction, to FILE.chopped<zxid>')
    .argument('<file>', 'a log')
    .requiredOption('-z, --zxid <zxid>', 'the last transaction to keep, 0x… or decimal')
    .option('--force', 'replace a copy that is there already')
    .option('--dry-run', 'say what would be written')
    .option('-o, --output <format>', 'table or json', formatOption)
    .action(async (file: string, flags: RewriteFlags) => {
      const zxid = idOption(flags.zxid ?? '', '--zxid');
      const options = { file, zxid, ...common(context, flags) };
      finish(context, await chop(options, context.io, systemDisk));
    });
}

function buildRepair(parent: Command, context: ToolContext): void {
  parent
    .command('repair')
    .description('copy a log with checksums made right, to FILE.fixed')
    .argument('<file>', 'a log')
    .option('-y, --yes', 'fix every checksum without asking')
    .option('--restore-bits', 'where one flipped bit explains a wrong checksum, flip it back')
    .option('--skip-damaged', 'go on behind places that cannot be read, leaving them out')
    .option('-v, --verbose', 'print every transaction, not just the fixed ones')
    .option('--force', 'replace a copy that is there already')
    .option('--dry-run', 'say what would be written')
    .option('-o, --output <format>', 'table or json', formatOption)
    .action(async (file: string, flags: RewriteFlags) => {
      const { io, globals } = context;
      const yes = flags.yes ?? globals.yes ?? false;
      const { skipDamaged = false, restoreBits = false, verbose = false } = flags;
      const options = { file, yes, skipDamaged, restoreBits, verbose, ...common(context, flags) };
      finish(context, await repair(options, io, systemDisk, (question) => ask(io, question)));
    });
}

const common = (context: ToolContext, flags: RewriteFlags) => ({
  force: flags.force ?? false,
  dryRun: flags.dryRun ?? context.globals.dryRun ?? false,
  format: formatOf(context, flags),
});

/** Asks on stderr, answers from stdin; without a terminal there is nobody to ask. */
async function ask(io: Io, question: string): Promise<string> {
  if (!io.stdin.isTTY) {
    throw new ZktError('ZKT_USAGE', { why: 'there are wrong checksums; use --yes to fix them all' });
  }
  const reader = createInterface({ input: io.stdin.stream });
  try {
    io.stderr.write(question);
    return await reader.question('', { signal: io.stop });
  } finally {
    reader.close();
  }
}
