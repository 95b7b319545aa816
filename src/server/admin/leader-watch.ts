import type { Bus } from '../../events/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Timer, Timers } from '../../ports/timers.ts';

/** An election that takes longer than this is worth a word; then again after twice the time, and so on. */
const LEADERLESS_MS = 10_000;

/**
 * Tells while a member of an ensemble finds no leader, and whom of the others it is connected to for
 * elections. `others` are their ids, ascending; the member is taken to be looking for a leader now.
 */
export function watchLeader(
  { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
  bus: Bus,
  others: () => readonly number[],
): { cancel(): void } {
  const connected = new Set<number>();
  let since = 0;
  let timer: Timer | undefined;
  const tell = (): void => {
    const heard = others().filter((id) => connected.has(id));
    const silent = others().filter((id) => !connected.has(id));
    const ms = Math.round(clock.monotonicMs() - since);
    if (bus.on['peer.leaderless'])
      bus.emit('peer.leaderless', { ms, connected: heard.join(', '), missing: silent.join(', ') });
    timer = timers.after(ms, tell);
  };
  const looking = (): void => {
    since = clock.monotonicMs();
    timer?.cancel();
    timer = timers.after(LEADERLESS_MS, tell);
  };
  const subscription = bus.subscribe({
    names: ['peer.state', 'election.connected', 'election.disconnected'],
    take({ name, fields }) {
      if (name === 'election.connected') connected.add(Number(fields.sid));
      else if (name === 'election.disconnected') connected.delete(Number(fields.sid));
      else if (name === 'peer.state' && fields.state === 'LOOKING') looking();
      else if (name === 'peer.state') timer?.cancel();
    },
  });
  looking();
  return {
    cancel() {
      subscription.close();
      timer?.cancel();
    },
  };
}
