import { spawn } from 'node:child_process';
import path from 'node:path';
import { EXIT } from '../../base/errors.ts';
import { isKeeperError } from '../../client/keeper-error.ts';
import { readBytes, withPrivateFile, writePrivateFile } from '../../platform/user-files.ts';
import { baseName } from '../../protocol/paths.ts';
import type { Command } from '../command.ts';
import { CommandFailure } from '../explain.ts';
import { folders } from '../settings/settings.ts';

/** `edit`: data in an editor. */
export const command: Command = {
  name: 'edit',
  usage: 'path',
  summary: 'Change the data of a node in $VISUAL or $EDITOR (else vi).',
  about: [
    'What was changed is written only over the version that was read; when somebody else was faster, or ' +
      'writing failed, your text is kept in a file. A line break the editor adds at the end of data that had none is taken off.',
  ],
  options: [],
  arguments: ['path'],
  needed: 1,
  examples: [['edit /app/config', 'change it by hand']],
  zkCli: false,
  writes: true,
  async run(context, args) {
    const node = context.path(args.rest[0] ?? '');
    const client = await context.client(node);
    const { data, stat } = await client.get(node);
    const before = data ?? Buffer.alloc(0);
    const editor = context.io.env.VISUAL || context.io.env.EDITOR || 'vi';
    const name = baseName(node).replace(/[^A-Za-z0-9._-]/g, '_') || 'root';
    const edited = await withPrivateFile(name, before, async (file) => {
      await context.withTerminal(() => runEditor(editor, file));
      return withoutAddedBreak(before, readBytes(file));
    });
    if (edited.equals(before)) {
      context.err.line('nothing was changed');
      return;
    }
    if (context.dryRun) {
      context.err.line(`would set ${node} to ${edited.length} bytes`);
      return;
    }
    try {
      await client.set(node, edited, stat.version);
    } catch (error) {
      // Whatever went wrong, work of an hour may be in it.
      const kept = path.join(folders(context.io.env).state, `edit-${process.pid}-${name}`);
      writePrivateFile(kept, edited);
      if (isKeeperError(error, 'BADVERSION') || isKeeperError(error, 'NONODE'))
        throw new CommandFailure(
          `${node} was changed meanwhile; your text is kept in ${kept}`,
          EXIT.conflict,
        );
      context.err.line(`your text is kept in ${kept}`);
      throw error;
    }
  },
};

function withoutAddedBreak(before: Buffer, after: Buffer): Buffer {
  const added = after.at(-1) === 0x0a && before.at(-1) !== 0x0a;
  return added ? after.subarray(0, -1) : after;
}

/**
 * The variable may hold arguments too, as in `code --wait`: a shell reads it, the file is an argument of its
 * own.
 */
function runEditor(editor: string, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'editor', file], { stdio: 'inherit' });
    child.once('error', (error) => reject(new CommandFailure(`cannot run ${editor}: ${error.message}`)));
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new CommandFailure(`${editor} ended with ${code ?? 'a signal'}; nothing was changed`));
    });
  });
}
