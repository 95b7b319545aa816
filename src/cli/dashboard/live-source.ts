/** What a dashboard shows of live servers: what happens, and what happened before. */

import type { ServerAddress } from '../../client/connect-string.ts';
import { observeEnsemble } from '../../inspect/observe/observe-ensemble.ts';
import { pastInOrder } from '../../inspect/observe/past-in-order.ts';
import type { EventSource } from '../../inspect/source.ts';
import { systemTimers } from '../../platform/timers.ts';
import { OBSERVER_PORTS } from '../settings/observer-ports.ts';

/** Single requests that are told of each second and server: enough to see, too few to be felt. */
const BUDGET = 400;
/** Events of before that it begins with, of each server: the last election, and what was wrong. */
const PAST = 3_000;

/** Whom to listen to; see `ObserverOptions`. */
interface Ensemble {
  readonly servers: readonly ServerAddress[];
  readonly timeoutMs: number;
  readonly token?: string | undefined;
}

/** The events of an ensemble, as dashboards take them. */
export const liveSource = (who: Ensemble): EventSource =>
  pastInOrder(observeEnsemble(OBSERVER_PORTS, { ...who, budget: BUDGET, last: PAST }), systemTimers);
