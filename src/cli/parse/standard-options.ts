import type { OptionSpec } from './options.ts';

/** Options many verbs share. */
export const STAT: OptionSpec = { flag: 's', says: 'print the stat too' };
export const WATCH: OptionSpec = { flag: 'w', says: 'set a watch; its event is printed when it comes' };
export const VERSION: OptionSpec = {
  flag: 'v',
  value: 'version',
  says: 'refuse unless this is the version of the node; -1 is any',
};
