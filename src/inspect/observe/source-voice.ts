/** What is told of how a server is reached: each change once, and never the same twice in a row. */
import type { Outlet } from './event-outlet.ts';

/** Things told that cannot be known of one server. */
const LIMITS_MAX = 64;

/** See the head of the file. */
export class SourceVoice {
  /** As events name the server. */
  node: string;
  private readonly outlet: Outlet;
  private readonly address: string;
  private last = '';
  /** What it was when it was reached last: what was told of another is told again. */
  private before = '';
  private readonly limits = new Set<string>();

  /** `address`: where its clients connect, as text. */
  constructor(outlet: Outlet, node: string, address: string) {
    this.outlet = outlet;
    this.node = node;
    this.address = address;
  }

  /** It is listened to: `zkt` by its events, `apache` by questions. */
  connected(kind: 'zkt' | 'apache', version: string): void {
    const what = `connected ${this.node} ${kind} ${version}`;
    if (!this.changes(what)) return;
    if (what !== this.before) this.limits.clear();
    this.before = what;
    this.outlet.emit(this.node, 'source.connected', { address: this.address, kind, version });
  }

  /** It does not answer, or not in sense. */
  lost(why: string): void {
    if (!this.changes(`lost ${this.node} ${why}`)) return;
    this.outlet.emit(this.node, 'source.lost', { address: this.address, why });
  }

  /** It answers, but not to us. */
  refused(why: string): void {
    const text = `refused ${why}`;
    if (this.limits.has(text) || this.limits.size >= LIMITS_MAX) return;
    this.limits.add(text);
    this.outlet.emit(this.node, 'source.refused', { address: this.address, why });
  }

  /** Something about it cannot be known. */
  limited(what: string): void {
    if (this.limits.has(what) || this.limits.size >= LIMITS_MAX) return;
    this.limits.add(what);
    this.outlet.emit(this.node, 'source.limited', { address: this.address, what });
  }

  private changes(now: string): boolean {
    if (now === this.last) return false;
    this.last = now;
    return true;
  }
}
