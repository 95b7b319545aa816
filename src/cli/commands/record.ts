/** `zkt record`: what happens in an ensemble, into a file. */
import type { Command } from 'commander';
import { type ExitCode, ZktError } from '../../base/errors.ts';
import { addressText } from '../../client/connect-string.ts';
import { observeEnsemble } from '../../inspect/observe/observe-ensemble.ts';
import { systemClock } from '../../platform/clock.ts';
import { systemDisk } from '../../platform/disk.ts';
import { systemTimers } from '../../platform/timers.ts';
import { durationMs } from '../parse/duration.ts';
import { sizeBytes } from '../parse/size.ts';
import { recordInfo } from '../recording/record-info.ts';
import { record } from '../recording/record-run.ts';
import type { RecordTarget } from '../recording/record-target.ts';
import {
  type FilterFlags,
  filterFrom,
  filterOptions,
  type ObserverFlags,
  observerOptions,
  observerSettings,
} from '../settings/observer-options.ts';
import { OBSERVER_PORTS } from '../settings/observer-ports.ts';
import { wholeNumber } from '../settings/settings.ts';
import { toolHelp } from '../settings/tool-help.ts';
import type { ToolContext } from '../tool.ts';

const HELP = `
Examples:
  zkt record incident.zktrec                          until Ctrl-C: everything, of all servers
  zkt record night.zktrec --for 8h --budget 400       with at most 400 trace events a second of each server
  zkt record ring.zktrec --max-size 64m --files 4     ring.1.zktrec, ring.2.zktrec, ...: the newest four
  zkt record ring.zktrec --max-age 1h --files 24
  zkt record votes.zktrec --names 'election.*,peer.*,zab.sync*' --last 1000
  zkt record --info incident.zktrec                   what is in it; a directory or a ring, too
  zkt record --info zkt-data                          the flight recordings of the servers below it

Look at it with zkt top --replay FILE and zkt events --replay FILE. A file that was cut or damaged is read as
far as it is whole. Ctrl-C ends a recording in good order (0); 3 when no server answers.`;

interface RecordFlags extends ObserverFlags, FilterFlags {
  readonly for?: string;
  readonly budget?: string;
  readonly last?: string;
  readonly maxSize?: string;
  readonly maxAge?: string;
  readonly files?: string;
  readonly append?: boolean;
  readonly force?: boolean;
  readonly info?: boolean;
}

/** A block has up to 64 KiB. */
const SIZE_MIN = 64 * 1024;

/** See `ToolModule`. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, HELP, context.brief === true);
  filterOptions(observerOptions(command))
    .description('Record the events of an ensemble into a file.')
    .argument('<file>', 'the recording; by custom, .zktrec')
    .option('--for <time>', 'end after that time: 30s, 10m, 8h')
    .option('--budget <n>', 'at most so many trace-level events a second of each server, in bursts')
    .option('--last <n>', 'begin with up to so many of before (per server, of what is not trace level)')
    .option('--max-size <size>', 'begin another file after so many bytes: 64m')
    .option('--max-age <time>', 'begin another file after that time: 1h')
    .option('--files <n>', 'files to keep; default 4')
    .option('--append', 'go on with a recording that exists')
    .option('--force', 'replace a recording that exists')
    .option('--info', 'tell what is in a recording, instead')
    .action(async (file: string, flags: RecordFlags) => {
      const { io, globals } = context;
      context.exit(
        flags.info === true
          ? recordInfo(systemDisk, file, io, flags.output ?? globals.output ?? 'table')
          : await recordLive(file, flags, context),
      );
    });
}

async function recordLive(file: string, flags: RecordFlags, { io, globals }: ToolContext): Promise<ExitCode> {
  const target = targetOf(file, flags);
  const filter = filterFrom(flags);
  const { servers, timeoutMs, token } = observerSettings(flags, globals, io.env);
  const forMs = flags.for === undefined ? undefined : durationMs(flags.for, '--for');
  const source = observeEnsemble(OBSERVER_PORTS, {
    ...{ servers, timeoutMs, token, filter },
    last: flags.last === undefined ? 0 : wholeNumber(flags.last, '--last'),
    budget: flags.budget === undefined ? undefined : wholeNumber(flags.budget, '--budget'),
  });
  const world = { disk: systemDisk, timers: systemTimers, clock: systemClock, source };
  return await record({ target, servers: servers.map(addressText), forMs }, io, world);
}

/** Where to write. Throws `ZKT_USAGE`. */
function targetOf(path: string, flags: RecordFlags): RecordTarget {
  const files = flags.files === undefined ? undefined : wholeNumber(flags.files, '--files');
  if (path === '') throw new ZktError('ZKT_USAGE', { why: 'the file has no name' });
  if (files === 0) throw new ZktError('ZKT_USAGE', { why: '--files is at least 1' });
  if (files !== undefined && flags.maxSize === undefined && flags.maxAge === undefined) {
    throw new ZktError('ZKT_USAGE', { why: '--files goes with --max-size or --max-age' });
  }
  if (flags.append === true && flags.force === true) {
    throw new ZktError('ZKT_USAGE', { why: 'either --append or --force' });
  }
  return {
    path,
    bytesMax: flags.maxSize === undefined ? undefined : sizeBytes(flags.maxSize, '--max-size', SIZE_MIN),
    ageMsMax: flags.maxAge === undefined ? undefined : durationMs(flags.maxAge, '--max-age'),
    files,
    existing: flags.append === true ? 'append' : flags.force === true ? 'replace' : undefined,
  };
}
