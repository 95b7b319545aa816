/** A writer that knows what was acknowledged, for servers that are killed under it. */
import type { Client } from '../../src/client/index.ts';

/** What a node must hold: the data and how often it was changed. */
interface Expected {
  readonly data: string;
  readonly version: number;
}

/** Nodes the writer cycles through. */
const NODES = 40;
/** Requests it has under way. */
const WINDOW = 16;

/**
 * Creates, changes and deletes nodes of a folder of its own until the server dies. What was under way then
 * may or may not have happened; all else is known: {@link missing} looks for it.
 */
export class AckWriter {
  /** Acknowledged writes. */
  count = 0;
  private readonly root: string;
  private readonly nodes = new Map<string, Expected>();
  /** Nodes of writes that were not answered. */
  private readonly doubtful = new Set<string>();
  private readonly sequence: string[] = [];

  constructor(root: string) {
    this.root = root;
  }

  /** Writes until the connection is lost; every node has one write under way at most. */
  async run(client: Client): Promise<void> {
    await client.create(this.root);
    await Promise.all(Array.from({ length: WINDOW }, (_, lane) => this.lane(client, lane)));
  }

  private async lane(client: Client, lane: number): Promise<void> {
    try {
      for (let i = lane; ; i += WINDOW) {
        if (i % 7 === 0) {
          const { path } = await client.create(`${this.root}/s-`, null, { mode: 'persistentSequential' });
          this.sequence.push(path);
        } else await this.step(client, `${this.root}/n${lane}-${i % NODES}`, `${i}`);
        this.count++;
      }
    } catch {
      // The server is gone: what this lane had under way stays in doubt.
    }
  }

  private async step(client: Client, path: string, data: string): Promise<void> {
    this.doubtful.add(path);
    const now = this.nodes.get(path);
    if (now === undefined) {
      await client.create(path, data);
      this.nodes.set(path, { data, version: 0 });
    } else if (now.version < 3) {
      await client.set(path, data, now.version);
      this.nodes.set(path, { data, version: now.version + 1 });
    } else {
      await client.multi([
        { type: 'check', path, version: now.version },
        { type: 'delete', path },
      ]);
      this.nodes.delete(path);
    }
    this.doubtful.delete(path);
  }

  /** Acknowledged writes that a server does not have, or has otherwise; empty when all is well. */
  async missing(client: Client): Promise<string[]> {
    const wrong: string[] = [];
    const { children } = await client.getChildren(this.root);
    const present = new Set(children.map((child) => `${this.root}/${child}`));
    for (const path of this.sequence) if (!present.has(path)) wrong.push(`${path} is gone`);
    for (const [path, { data, version }] of this.nodes) {
      if (this.doubtful.has(path)) continue;
      const found = present.has(path) ? await client.get(path) : undefined;
      const seen = found === undefined ? 'absent' : `${found.data} version ${found.stat.version}`;
      if (seen !== `${data} version ${version}`)
        wrong.push(`${path}: ${seen}, not ${data} version ${version}`);
    }
    for (const path of present) {
      if (!/\/n\d/.test(path) || this.nodes.has(path) || this.doubtful.has(path)) continue;
      wrong.push(`${path} was deleted`);
    }
    return wrong;
  }
}
