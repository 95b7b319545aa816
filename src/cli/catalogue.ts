/** All verbs by name. A module is loaded when it is used: a one-shot pays for itself only. */
import type { Command } from './command.ts';

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
