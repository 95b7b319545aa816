import type { Client } from '../../client/api.ts';
import { KeeperError } from '../../client/keeper-error.ts';
import type { Acl } from '../../protocol/acl.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type { Command, CommandContext } from '../command.ts';
import { aclFrom } from '../nodes/acl-text.ts';
import { versionOf } from '../nodes/value.ts';
import { walkAsZkCli } from '../nodes/walk.ts';
import { statJson, statLines } from '../output/node-text.ts';
import { reportOne } from '../output/report.ts';
import { STAT, VERSION } from '../parse/standard-options.ts';

/** `setAcl`: say who may do what to a node. */
export const command: Command = {
  name: 'setAcl',
  usage: '[-s] [-v version] [-R] path acl',
  summary: 'Say who may do what to a node.',
  about: [
    'An ACL is `scheme:id:perms`, several separated by commas; perms are letters out of `cdrwa`: create, delete, read, ' +
      'write, admin. In the shell an entry of another form and an unknown letter are told and passed over, as in zkCli; a ' +
      'one-shot refuses them.',
  ],
  json: '`path`, `stat`; with -R `changed`: how many nodes',
  options: [
    STAT,
    { ...VERSION, says: 'refuse unless this is the aclVersion of the node; -1 is any' },
    { flag: 'R', says: 'also for all nodes below' },
  ],
  arguments: ['path', 'acl'],
  needed: 2,
  examples: [
    ['setAcl /app world:anyone:r', 'all may read, nobody may write'],
    ['setAcl -R /app auth::cdrwa', 'mine, with all below it'],
  ],
  zkCli: true,
  writes: true,
  async run(context, args) {
    const [argument = '', text = ''] = args.rest;
    const path = context.path(argument);
    const acl = aclFrom(context, text);
    const version = versionOf(args.value('v'));
    if (acl.length === 0 && !(args.has('R') && context.style === 'zkCli'))
      throw new KeeperError(ERR.INVALIDACL);
    if (context.dryRun) {
      context.err.line(`would set the ACL of ${path}${args.has('R') ? ' and all below it' : ''}`);
      return;
    }
    const client = await context.client(path);
    if (args.has('R')) {
      await setAll(context, client, path, acl, version);
      return;
    }
    const stat = await client.setAcl(path, acl, version);
    if (context.style === 'zkCli' && !args.has('s')) return;
    reportOne(context.out, context.format, {
      json: () => ({ path, stat: statJson(stat) }),
      text: () => {
        if (args.has('s')) context.out.lines(statLines(stat));
      },
    });
  },
};

async function setAll(
  context: CommandContext,
  client: Client,
  path: string,
  acl: readonly Acl[],
  version: number,
): Promise<void> {
  let changed = 0;
  for await (const each of walkAsZkCli(client, path, false)) {
    try {
      if (acl.length === 0) throw new KeeperError(ERR.INVALIDACL);
      await client.setAcl(each, acl, version);
      changed++;
    } catch (error) {
      if (context.style === 'quiet' || !(error instanceof KeeperError)) throw error;
      // zkCli goes on with the next node, and prints this without a line break.
      context.out.part(error.message);
    }
  }
  const json = () => ({ path, changed });
  if (context.style === 'quiet') reportOne(context.out, context.format, { json, text: () => {} });
}
