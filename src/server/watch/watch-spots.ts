/** What a registry of watches keeps: who watches, and what is watched. */

/**
 * One watcher: the paths it is registered at in the order they were first watched, how often in all, and the
 * last event it was chosen for; how many registrations it ever made, and how many events it heard.
 */
export interface Holder<W> {
  readonly watcher: W;
  readonly paths: Set<string>;
  count: number;
  chosen: number;
  added: number;
  fired: number;
}

/**
 * One path: most have a single watcher, which needs no map. `modes`, and the values of `more`, are
 * registrations: ways in the lower bits, see
 * `registered`.
 */
export interface Spot<W> {
  holder: Holder<W> | undefined;
  modes: number;
  more: Map<Holder<W>, number> | undefined;
  /** Registrations ever made at this path, and how often watches fired. */
  added: number;
  fired: number;
  /** It is among those that are kept for a while, though nobody watches: a watch fired last. */
  kept: boolean;
}

/** The registration of a watcher at a path; 0 for none. */
export const modesOf = <W>(spot: Spot<W>, holder: Holder<W>): number =>
  spot.holder === holder ? spot.modes : (spot.more?.get(holder) ?? 0);
