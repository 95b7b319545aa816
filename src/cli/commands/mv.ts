import { EXIT } from '../../base/errors.ts';
import type { Command } from '../command.ts';
import { CommandFailure } from '../explain.ts';
import { checkPlaces, createOps, deleteOps, fitsOneMulti, inMultis, readNodes } from '../nodes/copy.ts';
import { reportOne } from '../output/report.ts';

/** `mv`: a subtree, elsewhere. */
export const command: Command = {
  name: 'mv',
  usage: '[--no-acl] source target',
  summary: 'Move a node with all below it to a path that does not exist yet.',
  about: [
    'One multi creates the new nodes and deletes the old ones, each only in the version that was copied: all or nothing. ' +
      'What is too large for one request is copied in parts and then deleted in parts; that is asked first, or needs --yes. ' +
      'Versions and times begin anew. A subtree with ephemeral nodes is not moved.',
  ],
  json: '`from`, `to`, `moved`: how many nodes, `atomic`',
  options: [{ long: 'no-acl', says: 'give the new nodes an open ACL instead of the original one' }],
  arguments: ['path', 'path'],
  needed: 2,
  examples: [['mv /app/old /app/new', 'rename, all or nothing']],
  zkCli: false,
  writes: true,
  async run(context, args) {
    const from = context.path(args.rest[0] ?? '');
    const to = context.path(args.rest[1] ?? '');
    checkPlaces(from, to);
    const client = await context.client(from);
    const nodes = await readNodes(client, from, { recursive: true, keepAcl: !args.has('no-acl') });
    const ephemeral = nodes.find((node) => node.ephemeral);
    if (ephemeral !== undefined) {
      throw new CommandFailure(
        `${ephemeral.path} is ephemeral: it belongs to its session and cannot be moved`,
        EXIT.conflict,
      );
    }
    if (context.dryRun) {
      context.err.line(`would move ${nodes.length} nodes from ${from} to ${to}`);
      return;
    }
    const [creates, deletes] = [createOps(nodes, from, to), deleteOps(nodes)];
    const atomic = fitsOneMulti([...creates, ...deletes]);
    const question = `${nodes.length} nodes are too much for one request. Move them in parts, which may end half-way?`;
    if (!atomic && !(await context.confirm(question))) return;
    if (atomic) await client.multi([...creates, ...deletes]);
    else {
      for (const multi of inMultis(creates)) await client.multi(multi);
      for (const multi of inMultis(deletes)) await client.multi(multi);
    }
    reportOne(context.out, context.format, {
      json: () => ({ from, to, moved: nodes.length, atomic }),
      text: () => {},
    });
  },
};
