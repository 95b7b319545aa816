import type { Pane } from '../pane.ts';
import { electionPane } from './election.ts';
import { ensemblePane } from './ensemble.ts';
import { eventsPane } from './events.ts';
import { flowPane } from './flow.ts';
import { hotPane } from './hot.ts';
import { sessionsPane } from './sessions.ts';

/** The panes of the dashboard, in the order of their keys 1 to 6. */
export const PANES: readonly Pane<unknown>[] = [
  ensemblePane,
  electionPane,
  flowPane,
  sessionsPane,
  hotPane,
  eventsPane,
];
