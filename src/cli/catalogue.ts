/** All verbs and tools by name. A module is loaded when it is used: a one-shot pays for itself only. */
import type { Command } from './command.ts';
import type { ToolModule } from './tool.ts';

type CommandLoader = () => Promise<{ readonly command: Command }>;

const LOADERS: ReadonlyMap<string, CommandLoader> = new Map<string, CommandLoader>([
  ['addWatch', () => import('./commands/add-watch.ts')],
  ['addauth', () => import('./commands/addauth.ts')],
  ['cd', () => import('./commands/cd.ts')],
  ['close', () => import('./commands/close.ts')],
  ['config', () => import('./commands/config.ts')],
  ['connect', () => import('./commands/connect.ts')],
  ['cp', () => import('./commands/cp.ts')],
  ['create', () => import('./commands/create.ts')],
  ['delete', () => import('./commands/delete.ts')],
  ['deleteall', () => import('./commands/deleteall.ts')],
  ['delquota', () => import('./commands/delquota.ts')],
  ['du', () => import('./commands/du.ts')],
  ['edit', () => import('./commands/edit.ts')],
  ['exists', () => import('./commands/exists.ts')],
  ['find', () => import('./commands/find.ts')],
  ['get', () => import('./commands/get.ts')],
  ['getAcl', () => import('./commands/get-acl.ts')],
  ['getAllChildrenNumber', () => import('./commands/get-all-children-number.ts')],
  ['getEphemerals', () => import('./commands/get-ephemerals.ts')],
  ['grep', () => import('./commands/grep.ts')],
  ['history', () => import('./commands/history.ts')],
  ['listquota', () => import('./commands/listquota.ts')],
  ['ls', () => import('./commands/ls.ts')],
  ['mv', () => import('./commands/mv.ts')],
  ['printwatches', () => import('./commands/printwatches.ts')],
  ['pwd', () => import('./commands/pwd.ts')],
  ['quit', () => import('./commands/quit.ts')],
  ['reconfig', () => import('./commands/reconfig.ts')],
  ['redo', () => import('./commands/redo.ts')],
  ['removewatches', () => import('./commands/removewatches.ts')],
  ['rmr', () => import('./commands/rmr.ts')],
  ['set', () => import('./commands/set.ts')],
  ['setAcl', () => import('./commands/set-acl.ts')],
  ['setquota', () => import('./commands/setquota.ts')],
  ['stat', () => import('./commands/stat.ts')],
  ['sync', () => import('./commands/sync.ts')],
  ['touch', () => import('./commands/touch.ts')],
  ['tree', () => import('./commands/tree.ts')],
  ['txn', () => import('./commands/txn.ts')],
  ['version', () => import('./commands/version.ts')],
  ['watch', () => import('./commands/watch.ts')],
  ['whoami', () => import('./commands/whoami.ts')],
]);

/** Names of all verbs. */
export const VERBS: readonly string[] = [...LOADERS.keys()];

/** The declaration of a verb; undefined where there is none of that name. */
export async function loadCommand(name: string): Promise<Command | undefined> {
  return (await LOADERS.get(name)?.())?.command;
}

/** All declarations, by name. */
export async function loadCommands(): Promise<Command[]> {
  const modules = await Promise.all([...LOADERS.values()].map((load) => load()));
  return modules.map(({ command }) => command);
}

/** A tool: see `tool.ts`. */
export interface Tool {
  readonly summary: string;
  /** Not shown in help: other programs call it. */
  readonly hidden?: boolean;
  readonly load: () => Promise<ToolModule>;
}

/** The tools by name, in the order of help. */
export const TOOLS: ReadonlyMap<string, Tool> = new Map<string, Tool>([
  ['server', { summary: 'Run a server.', load: () => import('./commands/server.ts') }],
  [
    'shell',
    { summary: 'A prompt as of zkCli, or one of its commands.', load: () => import('./commands/shell.ts') },
  ],
  ['status', { summary: 'How servers are, as a table.', load: () => import('./commands/status.ts') }],
  [
    '4lw',
    { summary: 'Send a four-letter word to servers.', load: () => import('./commands/four-letter.ts') },
  ],
  ['log', { summary: 'Read, check and mend transaction logs.', load: () => import('./commands/log.ts') }],
  [
    'snapshot',
    { summary: 'Read, check and compare snapshots.', load: () => import('./commands/snapshot.ts') },
  ],
  ['bench', { summary: 'Put load on servers and measure.', load: () => import('./commands/bench.ts') }],
  [
    'completion',
    { summary: 'Print a completion script for a shell.', load: () => import('./commands/completion.ts') },
  ],
  [
    'complete-words',
    {
      summary: 'Candidates for a word of a command line.',
      hidden: true,
      load: () => import('./commands/complete-words.ts'),
    },
  ],
]);
