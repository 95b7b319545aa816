import type { Command } from '../command.ts';
import { checkPlaces, createOps, fitsOneMulti, inMultis, readNodes } from '../nodes/copy.ts';
import { reportOne } from '../output/report.ts';

/** `cp`: a node, or a subtree, once more. */
export const command: Command = {
  name: 'cp',
  usage: '[-r] [--no-acl] source target',
  summary: 'Copy a node, with -r all below it, to a path that does not exist yet.',
  about: [
    'Data and ACLs are copied, as one multi where a server takes it in one request, else in several: then it says so. ' +
      'Ephemeral nodes belong to their session and are left out.',
  ],
  json: '`from`, `to`, `copied`: how many nodes, `atomic`',
  options: [
    { flag: 'r', says: 'with all nodes below' },
    { long: 'no-acl', says: 'give the copies an open ACL instead of the original one' },
  ],
  arguments: ['path', 'path'],
  needed: 2,
  examples: [['cp -r /app /backup', 'a copy of /app and all below it']],
  zkCli: false,
  writes: true,
  async run(context, args) {
    const from = context.path(args.rest[0] ?? '');
    const to = context.path(args.rest[1] ?? '');
    checkPlaces(from, to);
    const client = await context.client(from);
    const all = await readNodes(client, from, { recursive: args.has('r'), keepAcl: !args.has('no-acl') });
    const nodes = all.filter((node) => !node.ephemeral);
    if (nodes.length < all.length)
      context.err.line(`${all.length - nodes.length} ephemeral nodes are left out`);
    const ops = createOps(nodes, from, to);
    if (context.dryRun) {
      context.err.line(`would copy ${ops.length} nodes from ${from} to ${to}`);
      return;
    }
    const atomic = fitsOneMulti(ops);
    if (!atomic) context.err.line(`${ops.length} nodes are too much for one request: copied in parts`);
    for (const multi of inMultis(ops)) await client.multi(multi);
    reportOne(context.out, context.format, {
      json: () => ({ from, to, copied: ops.length, atomic }),
      text: () => {},
    });
  },
};
