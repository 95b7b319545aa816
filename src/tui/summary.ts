/** The model as JSON: what `zkt top -b -o ndjson` prints each round. zxids are hex, times ISO-8601. */
import { hex0x } from '../base/brands.ts';
import type { Model } from './model.ts';
import type { Sample } from './panes/ensemble/record.ts';

/** The ensemble as the model knows it now; what is not known is left out. */
export function summaryOf(model: Model): Readonly<Record<string, unknown>> {
  const problems = model.problems();
  const leader = model.servers.find(({ mode, up }) => up && mode === 'leader');
  return {
    time: new Date(model.nowMs).toISOString(),
    healthy: model.servers.some(({ up }) => up) && problems.length === 0,
    ...(leader !== undefined && { leader: leader.node }),
    problems: problems.map(({ text }) => text),
    servers: model.servers.map((face) => {
      const server = model.ensemble?.servers.get(face.node);
      return {
        node: face.node,
        ...(face.sid >= 0 && { id: face.sid }),
        ...(face.address !== '' && { address: face.address }),
        ...(face.kind !== '' && { kind: face.kind }),
        up: face.up,
        ...(face.mode !== '' && { mode: face.mode }),
        ...(server !== undefined && server.lag >= 0 && { lag: server.lag }),
        ...(server?.sample !== undefined && face.up && measured(server.sample)),
        ...(server !== undefined && server.limits.size > 0 && { unknown: [...server.limits] }),
        problems: problems.filter(({ node }) => node === face.node).map(({ text }) => text),
      };
    }),
    lost: Object.fromEntries(model.lost),
  };
}

/** What the face says already. */
const SAID: ReadonlySet<string> = new Set(['kind', 'mode', 'sid', 'address']);

function measured(sample: Sample): Record<string, unknown> {
  const known: [string, unknown][] = [];
  for (const [name, value] of Object.entries(sample)) {
    if (SAID.has(name) || value === '') continue;
    if (typeof value === 'bigint') {
      if (value >= 0n) known.push([name, hex0x(value)]);
    } else if (typeof value !== 'number') known.push([name, value]);
    else if (value >= 0) known.push([name, Math.round(value * 1000) / 1000]);
  }
  return Object.fromEntries(known);
}
