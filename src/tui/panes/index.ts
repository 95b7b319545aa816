import type { Pane } from '../pane.ts';
import { ensemblePane } from './ensemble.ts';

/** The panes of the dashboard, in the order of their keys 1 to 6. */
export const PANES: readonly Pane<unknown>[] = [ensemblePane];
