import { isWithin } from '../protocol/paths.ts';

/**
 * A chroot exists on the client only: the prefix is put before every path sent and taken off every path
 * received.
 */
export class Chroot {
  /** `''` for none; never ends in `/`. */
  readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** The path on the server. */
  full(path: string): string {
    if (this.prefix === '') return path;
    return path === '/' ? this.prefix : this.prefix + path;
  }

  /** The path as the caller sees it. One outside the chroot (the configuration's) is answered as it is. */
  strip(path: string): string {
    if (this.prefix === '' || !isWithin(path, this.prefix)) return path;
    return path.length === this.prefix.length ? '/' : path.slice(this.prefix.length);
  }

  /** True when the caller can see that node of the server. */
  holds(path: string): boolean {
    return this.prefix === '' || isWithin(path, this.prefix);
  }
}
