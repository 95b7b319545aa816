import type { Command } from '../command.ts';

/** `printwatches`: whether events are printed. */
export const command: Command = {
  name: 'printwatches',
  usage: 'on|off',
  summary: 'Say whether events of watches are printed, or print what holds now.',
  options: [],
  arguments: ['text'],
  needed: 0,
  examples: [['printwatches off', 'quiet']],
  zkCli: true,
  writes: false,
  only: 'shell',
  offline: true,
  optionsStand: 'nowhere',
  async run({ shell, out }, args) {
    if (shell === undefined) return;
    if (args.rest[0] === undefined) out.line(`printwatches is ${shell.printWatches ? 'on' : 'off'}`);
    else shell.printWatches = args.rest[0] === 'on';
  },
};
