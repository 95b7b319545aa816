import type { NodeData } from '../../client/api.ts';
import type { Command, CommandContext } from '../command.ts';
import { dataJson, hexDump, statJson, statLines } from '../output/node-text.ts';
import { reportOne } from '../output/report.ts';
import type { ParsedArgs } from '../parse/options.ts';
import { STAT, WATCH } from '../parse/standard-options.ts';

const EMPTY = Buffer.alloc(0);

/** `get`: the data of a node. */
export const command: Command = {
  name: 'get',
  usage: '[-s] [-w] path',
  summary: 'Print the data of a node.',
  about: [
    'Data is printed as UTF-8; characters that would act on the terminal, or could not be seen, are shown as escapes. ' +
      'A node without data prints `null` in the shell and nothing as a one-shot. --raw writes the exact bytes, without a ' +
      'line break.',
  ],
  json: '`path`, `data` (null where there is none), `encoding` (`utf8`, or `base64` for what is no UTF-8), with -s `stat`',
  options: [
    STAT,
    WATCH,
    { flag: 'b', long: 'base64', says: 'print the data in base64' },
    { flag: 'x', says: 'print the data as a hex dump' },
    { long: 'hex', says: 'print the data in hexadecimal, in one line' },
    { long: 'raw', says: 'write the exact bytes, unescaped' },
  ],
  arguments: ['path'],
  needed: 1,
  examples: [
    ['get /app/config', 'the data, safe to look at'],
    ['get --raw /app/blob > blob', 'the exact bytes'],
    ['get -s -o json /app/config', 'data and stat as JSON'],
  ],
  zkCli: true,
  writes: false,
  async run(context, args) {
    const [argument = '', ...more] = args.rest;
    if (more.length > 0) {
      context.err.line("'get path [watch]' has been deprecated. Please use 'get [-s] [-w] path' instead.");
    }
    const path = context.path(argument);
    const client = await context.client(path);
    const node = await client.get(path, args.has('w') || more.length > 0);
    if (args.has('raw')) writeRaw(context, node.data ?? EMPTY);
    else print(context, args, path, node);
  },
};

function writeRaw(context: CommandContext, data: Buffer): void {
  if (context.out.stream.isTTY) context.err.line('zkt: these are raw bytes, unescaped:');
  context.out.raw(data);
}

function print(context: CommandContext, args: ParsedArgs, path: string, { data, stat }: NodeData): void {
  const withStat = args.has('s');
  reportOne(context.out, context.format, {
    json: () => ({ path, ...dataJson(data), ...(withStat && { stat: statJson(stat) }) }),
    raw: () => data ?? EMPTY,
    text: () => {
      printData(context, args, data);
      if (withStat) context.out.lines(statLines(stat));
    },
  });
}

function printData({ out, style }: CommandContext, args: ParsedArgs, data: Buffer | null): void {
  if (data === null) {
    if (style === 'zkCli') out.line('null');
  } else if (args.has('base64')) out.line(data.toString('base64'));
  else if (args.has('hex')) out.line(data.toString('hex'));
  else if (args.has('x')) out.lines(hexDump(data));
  else out.text(data.toString('utf8'));
}
