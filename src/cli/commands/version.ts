import type { Command } from '../command.ts';
import { reportOne } from '../output/report.ts';
import { VERSION } from '../version.ts';

/** `version`: of this program. */
export const command: Command = {
  name: 'version',
  usage: '',
  summary: 'Print the version of this program.',
  json: '`version`',
  options: [],
  arguments: [],
  needed: 0,
  most: 0,
  examples: [['version', 'the version of zkt']],
  zkCli: true,
  writes: false,
  async run({ out, format, style }) {
    reportOne(out, format, {
      json: () => ({ version: VERSION }),
      text: () => out.line(style === 'zkCli' ? `ZooKeeper CLI version: ${VERSION}-zkt` : VERSION),
    });
  },
};
