/**
 * What may be wrong with the links between simulated hosts. A link is one direction: a cut from A to B lets B
 * speak to A, which TCP makes little use of.
 */

/** Which bytes a fault concerns: those from one host to another, on connections to certain ports. */
export interface LinkScope {
  /** Sending hosts, by name; undefined for all. */
  readonly from?: ReadonlySet<string>;
  /** Receiving hosts. */
  readonly to?: ReadonlySet<string>;
  /** Ports of the listening side, whichever side that is; undefined for all. */
  readonly ports?: ReadonlySet<number>;
}

/**
 * `cut`: nothing gets through; TCP keeps it, and gives the connection up after a while. `stall`: the
 * receiver's window is closed; the connection stays. `delay`: `ms` more, half of it by chance. `loss`: a
 * packet in `oneIn` is lost and sent again. `drip`: bytes come a few at a time, `ms` apart. `break`:
 * connections are reset in the middle of what is sent next. `double`: whoever connects seems to do so twice.
 */
export type LinkTrouble =
  | { readonly kind: 'cut' | 'stall' | 'break' | 'double' }
  | { readonly kind: 'delay' | 'drip'; readonly ms: number }
  | { readonly kind: 'loss'; readonly oneIn: number };

/** Trouble on some links. */
export type LinkFault = LinkScope & LinkTrouble;

/** What the faults in force make of one direction of a connection. */
export interface LinkState {
  blocked: boolean;
  /** Blocked, but the connection does not time out. */
  stalled: boolean;
  delayMs: number;
  dripMs: number;
  /** 0 for none. */
  lossOneIn: number;
  breaks: boolean;
  doubles: boolean;
}

/** Whether a fault concerns that direction. */
const concerns = (scope: LinkScope, from: string, to: string, port: number): boolean =>
  (scope.from?.has(from) ?? true) && (scope.to?.has(to) ?? true) && (scope.ports?.has(port) ?? true);

/**
 * The state of the link from one host to another on connections to that port. A host's own are never in
 * trouble.
 */
export function linkState(faults: Iterable<LinkFault>, from: string, to: string, port: number): LinkState {
  const state: LinkState = {
    blocked: false,
    stalled: false,
    delayMs: 0,
    dripMs: 0,
    lossOneIn: 0,
    breaks: false,
    doubles: false,
  };
  if (from === to) return state;
  for (const fault of faults) if (concerns(fault, from, to, port)) add(state, fault);
  return state;
}

function add(state: LinkState, fault: LinkFault): void {
  switch (fault.kind) {
    case 'cut':
      state.blocked = true;
      return;
    case 'stall':
      state.stalled = true;
      return;
    case 'delay':
      state.delayMs += fault.ms;
      return;
    case 'drip':
      state.dripMs = Math.max(state.dripMs, fault.ms);
      return;
    case 'loss':
      state.lossOneIn = fault.oneIn;
      return;
    case 'break':
      state.breaks = true;
      return;
    case 'double':
      state.doubles = true;
  }
}
