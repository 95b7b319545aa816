import type { CreateOptions, OpResult, Transaction, WriteOp } from './api.ts';

/** See `Transaction`. */
export class TransactionBuilder implements Transaction {
  readonly ops: WriteOp[] = [];
  private readonly run: (ops: readonly WriteOp[]) => Promise<OpResult[]>;

  constructor(run: (ops: readonly WriteOp[]) => Promise<OpResult[]>) {
    this.run = run;
  }

  create(path: string, data: Buffer | string | null = null, options: CreateOptions = {}): this {
    this.ops.push({ ...options, type: 'create', path, data });
    return this;
  }

  delete(path: string, version = -1): this {
    this.ops.push({ type: 'delete', path, version });
    return this;
  }

  set(path: string, data: Buffer | string | null, version = -1): this {
    this.ops.push({ type: 'set', path, data, version });
    return this;
  }

  check(path: string, version = -1): this {
    this.ops.push({ type: 'check', path, version });
    return this;
  }

  commit(): Promise<OpResult[]> {
    return this.run(this.ops);
  }
}
