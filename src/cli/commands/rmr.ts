import type { Command } from '../command.ts';
import { deleteAll, command as deleteall } from './deleteall.ts';

/** `rmr`: what `deleteall` was called up to 3.5. */
export const command: Command = {
  ...deleteall,
  name: 'rmr',
  summary: 'The old name of deleteall.',
  examples: [
    ['rmr --yes --limit 100 /app', 'delete /app and all below it, if they are no more than 100 nodes'],
  ],
  zkCli: false,
  async run(context, args) {
    if (context.style === 'zkCli') {
      context.err.line("The command 'rmr' has been deprecated. Please use 'deleteall' instead.");
    }
    await deleteAll(context, args);
  },
};
