/** What a client was told, step by step, in a form in which two servers can be compared. */

/** Fields whose values are a matter of the moment: they are compared for being there. */
const PASSING = /^(czxid|mzxid|pzxid|ctime|mtime)$/;

/** Collects lines. What a client tells of its own records, under `specification`, is left out. */
export class Transcript {
  readonly lines: string[] = [];
  private readonly names = new Map<string, string>();

  /** From here on, `value` is written as `name`. */
  alias(value: string, name: string): void {
    this.names.set(value, name);
  }

  /** Writes a line. */
  say(what: string, value?: unknown): void {
    let text = value === undefined ? what : `${what}: ${plain(value)}`;
    for (const [from, to] of this.names) text = text.replaceAll(from, to);
    this.lines.push(text);
  }

  /** Writes what a promise brings, or how it fails; answers it, undefined when it failed. */
  async step<T>(what: string, promise: PromiseLike<T>): Promise<T | undefined> {
    try {
      const value = await promise;
      this.say(what, value ?? 'done');
      return value;
    } catch (error) {
      this.say(`${what} failed`, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }
}

const plain = (value: unknown): string =>
  JSON.stringify(value, (key, it: unknown) => {
    if (key === 'specification') return undefined;
    if (PASSING.test(key)) return 'passing';
    if (key === 'ephemeralOwner') return ownerText(it);
    if (it instanceof Uint8Array) return `bytes ${Buffer.from(it).toString('latin1')}`;
    const bytes = it as { type?: unknown; data?: unknown } | null;
    if (bytes?.type === 'Buffer' && Array.isArray(bytes.data))
      return `bytes ${Buffer.from(bytes.data).toString('latin1')}`;
    return Array.isArray(it) && it.every((entry) => typeof entry === 'string') ? [...it].sort() : it;
  });

/** An owner as text, or as bytes that became JSON. */
const ownerText = (value: unknown): string => {
  const { data } = value as { data?: number[] };
  const text = data === undefined ? String(value) : Buffer.from(data).toString('hex');
  return /^0*$/.test(text) ? 'nobody' : `session ${text}`;
};

/** Waits until `holds` does; throws naming `what` after 15 s. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 15_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
