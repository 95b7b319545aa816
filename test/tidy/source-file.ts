import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from '@swc/core';

/** A node of swc's tree, as far as the house rules look at it. */
export interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** One file of the repository: its text, and for TypeScript its syntax tree. */
export class SourceFile {
  readonly file: string;
  readonly text: string;
  readonly lines: readonly string[];
  private readonly bytes: Buffer;
  private tree: Node | undefined;
  private base = 0;

  /** `file` is relative to the root of the repository, with forward slashes. */
  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.lines = text.replace(/\n$/, '').split('\n');
    this.bytes = Buffer.from(text);
  }

  /** Reads `file` below `root`. */
  static read(root: string, file: string): SourceFile {
    return new SourceFile(file, readFileSync(path.join(root, file), 'utf8'));
  }

  /** Every node of the file, outer before inner. */
  *nodes(): Generator<Node> {
    yield* nodesOf(this.root());
  }

  /** The statements of the file. */
  statements(): readonly Node[] {
    return (this.root().body as Node[]).slice(1);
  }

  /** First and last line of a node, counted from 1. */
  linesOf(node: Node): { first: number; last: number } {
    const { start, end } = node.span as { start: number; end: number };
    return { first: this.lineAt(start - this.base - 1), last: this.lineAt(end - this.base - 1) };
  }

  /** The text before a node, without trailing space. */
  textBefore(node: Node): string {
    const { start } = node.span as { start: number };
    return this.bytes.toString('utf8', 0, start - this.base - 1).trimEnd();
  }

  private root(): Node {
    if (this.tree === undefined) {
      // swc counts positions in bytes and on from the file before; a first token of our own says where this
      // one starts.
      const module = parseSync(`;${this.text}`, { syntax: 'typescript', tsx: this.file.endsWith('.tsx') });
      this.tree = module as unknown as Node;
      this.base = module.span.start;
    }
    return this.tree;
  }

  private lineAt(byte: number): number {
    let line = 1;
    for (let at = this.bytes.indexOf(10); at >= 0 && at < byte; at = this.bytes.indexOf(10, at + 1)) line++;
    return line;
  }
}

function* nodesOf(value: unknown): Generator<Node> {
  if (Array.isArray(value)) {
    for (const item of value) yield* nodesOf(item);
  } else if (typeof value === 'object' && value !== null) {
    if (typeof (value as Node).type === 'string') yield value as Node;
    for (const child of Object.values(value)) yield* nodesOf(child);
  }
}
