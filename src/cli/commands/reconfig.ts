import { EXIT, reasonOf } from '../../base/errors.ts';
import type { ReconfigOptions } from '../../client/api.ts';
import { readUserFile } from '../../platform/user-files.ts';
import type { Command, CommandContext } from '../command.ts';
import { CommandFailure, UsageFailure } from '../explain.ts';
import { membersOf } from '../nodes/ensemble-config.ts';
import { statJson, statLines } from '../output/node-text.ts';
import { reportOne } from '../output/report.ts';
import type { ParsedArgs } from '../parse/options.ts';
import { STAT } from '../parse/standard-options.ts';

const USAGE =
  '[-s] [-v version] [[-file path] | [-members serverID=host:port1:port2;port3[,...]*]] | ' +
  '[-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]';

/** `reconfig`: change who belongs to the ensemble. */
export const command: Command = {
  name: 'reconfig',
  usage: USAGE,
  summary: 'Change the members of the ensemble.',
  about: ['Asks first at a terminal, and needs --yes as a one-shot off it.'],
  json: '`config`, with -s `stat`',
  options: [
    STAT,
    { flag: 'v', value: 'version', says: 'required current config version (hex)' },
    { flag: 'file', value: 'path', says: 'path of config file to parse for membership' },
    {
      flag: 'members',
      value: 'list',
      says: 'comma-separated list of config strings for non-incremental reconfig',
    },
    { flag: 'add', value: 'list', says: 'comma-separated list of config strings for new servers' },
    { flag: 'remove', value: 'list', says: 'comma-separated list of server IDs to remove' },
  ],
  arguments: [],
  needed: 0,
  examples: [['reconfig -add "server.4=zk4:2888:3888;2181"', 'server 4 joins']],
  zkCli: true,
  writes: true,
  async run(context, args) {
    const change = changeOf(context, args);
    if (context.dryRun) {
      context.err.line('would change the members of the ensemble');
      return;
    }
    if (!(await context.confirm('Change the members of the ensemble?'))) return;
    const client = await context.client();
    const { data, stat } = await client.reconfig(change);
    const text = data?.toString('utf8') ?? '';
    reportOne(context.out, context.format, {
      json: () => ({ config: text, ...(args.has('s') && { stat: statJson(stat) }) }),
      text: () => {
        if (context.style === 'zkCli') context.out.line('Committed new configuration:');
        context.out.text(text);
        if (args.has('s')) context.out.lines(statLines(stat));
      },
    });
  },
};

function changeOf(context: CommandContext, args: ParsedArgs): ReconfigOptions {
  const version = args.value('v');
  if (version !== undefined && !/^[-+]?[0-9a-f]{1,16}$/i.test(version)) {
    throw new CommandFailure('-v must be followed by a long (configuration version)', EXIT.usage);
  }
  const incremental = args.has('add') || args.has('remove');
  const whole = args.has('file') || args.has('members');
  if (whole && incremental) {
    throw new CommandFailure(
      "Can't use -file or -members together with -add or -remove (mixing incremental and non-incremental modes is not allowed)",
      EXIT.usage,
    );
  }
  if (args.has('file') && args.has('members')) {
    throw new CommandFailure(
      "Can't use -file and -members together (conflicting non-incremental modes)",
      EXIT.usage,
    );
  }
  if (!whole && !incremental) throw new UsageFailure(`reconfig ${USAGE}`);
  const file = args.value('file');
  const members = file === undefined ? args.value('members') : membersFrom(context, file);
  const [joining, leaving] = [args.value('add'), args.value('remove')];
  return {
    ...(members !== undefined && { members }),
    ...(joining !== undefined && { joining }),
    ...(leaving !== undefined && { leaving }),
    ...(version !== undefined && { fromConfig: versionFrom(version) }),
  };
}

function versionFrom(text: string): bigint {
  const digits = text.replace(/^[-+]/, '');
  return text.startsWith('-') ? -BigInt(`0x${digits}`) : BigInt(`0x${digits}`);
}

function membersFrom({ style }: CommandContext, file: string): string {
  let why = '(No such file or directory)';
  try {
    const text = readUserFile(file);
    if (text !== undefined) return membersOf(text);
  } catch (error) {
    why = reasonOf(error);
  }
  // zkCli leaves no blank between the file and what Java says of it, which begins with the file again.
  throw new CommandFailure(`Error processing ${file}${style === 'zkCli' ? `${file} ${why}` : `: ${why}`}`);
}
