/** The modules of the tools, loaded when they are called. */
import type { ToolModule } from './tool.ts';
import { COMPLETE_WORDS } from './tools.ts';

/** Loads a tool by its name. */
export const TOOL_MODULES: ReadonlyMap<string, () => Promise<ToolModule>> = new Map<
  string,
  () => Promise<ToolModule>
>([
  ['server', () => import('./commands/server.ts')],
  ['up', () => import('./commands/up.ts')],
  ['shell', () => import('./commands/shell.ts')],
  ['status', () => import('./commands/status.ts')],
  ['top', () => import('./commands/top.ts')],
  ['events', () => import('./commands/events.ts')],
  ['record', () => import('./commands/record.ts')],
  ['trace', () => import('./commands/trace.ts')],
  ['4lw', () => import('./commands/four-letter.ts')],
  ['hot', () => import('./commands/hot.ts')],
  ['watches', () => import('./commands/watches.ts')],
  ['log', () => import('./commands/log.ts')],
  ['snapshot', () => import('./commands/snapshot.ts')],
  ['bench', () => import('./commands/bench.ts')],
  ['sim', () => import('./commands/sim.ts')],
  ['completion', () => import('./commands/completion.ts')],
  [COMPLETE_WORDS, () => import('./commands/complete-words.ts')],
]);
