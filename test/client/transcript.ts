import { expect, it } from 'vitest';
import type { SessionConfig } from '../../src/client/session-machine.ts';
import { MachineBench } from './machine-bench.ts';

/** Runs a script against a fresh machine; the lines are what it did, in order. */
export const check = (
  name: string,
  script: (b: MachineBench) => unknown,
  lines: readonly string[],
  bench: () => MachineBench = () => new MachineBench('one:1'),
) =>
  it(name, () => {
    const b = bench();
    script(b);
    expect(b.seen()).toEqual(lines);
  });

export const DIALLED = ['dial one:1 within 30000', 'send connect session 0 zxid 0 timeout 30000'];
export const UP = [...DIALLED, 'state connected'];

/** A bench that is connected already, its transcript empty. */
export const up =
  (servers = 'one:1', config: Partial<SessionConfig> = {}) =>
  () => {
    const b = new MachineBench(servers, config).establish();
    b.seen();
    return b;
  };
