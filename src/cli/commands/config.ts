import type { Command } from '../command.ts';
import { clientAddresses } from '../nodes/ensemble-config.ts';
import { statJson, statLines } from '../output/node-text.ts';
import { reportOne } from '../output/report.ts';
import { STAT, WATCH } from '../parse/standard-options.ts';

/** `config`: who belongs to the ensemble. */
export const command: Command = {
  name: 'config',
  usage: '[-c] [-w] [-s]',
  summary: 'Print the configuration of the ensemble; a standalone server has none.',
  json: '`config`; with -c `version` and `servers`; with -s `stat`',
  options: [STAT, WATCH, { flag: 'c', says: 'only the version and where clients connect' }],
  arguments: [],
  needed: 0,
  examples: [['config -c', 'version and addresses, to build a server list of']],
  zkCli: true,
  writes: false,
  async run(context, args) {
    const client = await context.client();
    const { data, stat } = await client.getConfig(args.has('w'));
    const text = data?.toString('utf8') ?? (context.style === 'zkCli' ? 'null' : '');
    const { version, servers } = clientAddresses(text);
    const withStat = args.has('s');
    reportOne(context.out, context.format, {
      json: () => ({
        ...(args.has('c') ? { version, servers } : { config: text }),
        ...(withStat && { stat: statJson(stat) }),
      }),
      text: () => {
        if (args.has('c')) context.out.line(`${version} ${servers.join(',')}`);
        else if (context.style === 'zkCli' || text !== '') context.out.text(text);
        if (withStat) context.out.lines(statLines(stat));
      },
    });
  },
};
