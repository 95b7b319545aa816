import type { Command } from '../command.ts';
import { reportOne } from '../output/report.ts';

/** `whoami`: whom the server takes this connection for. */
export const command: Command = {
  name: 'whoami',
  usage: '',
  summary: 'Print the identities of this connection.',
  json: '`identities` (`scheme`, `user`)',
  options: [],
  arguments: [],
  needed: 0,
  examples: [['whoami', 'address and credentials the server knows']],
  zkCli: true,
  writes: false,
  async run(context) {
    const client = await context.client();
    const identities = (await client.whoAmI()).map((it) => ({ scheme: it.authScheme, user: it.user }));
    reportOne(context.out, context.format, {
      json: () => ({ identities }),
      text: () => {
        if (context.style === 'zkCli') context.out.line('Auth scheme: User');
        context.out.lines(identities.map(({ scheme, user }) => `${scheme}: ${user}`));
      },
    });
  },
};
