import type { Command } from '../command.ts';

/** Lines shown, the present one included. */
const SHOWN = 11;

/** `history`: the last lines. */
export const command: Command = {
  name: 'history',
  usage: '',
  summary: 'List the last eleven lines with their numbers, for redo.',
  options: [],
  arguments: [],
  needed: 0,
  examples: [['history', 'what was typed']],
  zkCli: true,
  writes: false,
  only: 'shell',
  offline: true,
  optionsStand: 'nowhere',
  async run({ shell, out }) {
    if (shell === undefined) return;
    const { lines } = shell;
    for (let i = Math.max(0, lines.present - SHOWN + 1); i <= lines.present; i++) {
      out.line(`${i} - ${lines.get(i) ?? null}`);
    }
  },
};
