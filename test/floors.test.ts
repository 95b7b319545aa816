/**
 * Plants one violation of each rule of .dependency-cruiser.cjs in a small house, and expects it to be found.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkFloors } from '../scripts/floors.mjs';

interface Planted {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly rule: string;
}

const PLANTED: readonly Planted[] = [
  {
    name: 'an import from a higher floor',
    file: 'src/base/up.ts',
    text: "import { a } from '../jute/a.ts';\nexport const b = a;\n",
    rule: 'floor-0-base: src/base/up.ts -> src/jute/a.ts',
  },
  {
    name: 'a type-only import from a higher floor',
    file: 'src/jute/up.ts',
    text: "import type { A } from '../storage/a.ts';\nexport type B = A;\n",
    rule: 'floor-1-jute: src/jute/up.ts -> src/storage/a.ts',
  },
  {
    name: 'a re-export from another room of the same floor',
    file: 'src/formatters/side.ts',
    text: "export { a } from '../inspect/a.ts';\n",
    rule: 'floor-4-formatters: src/formatters/side.ts -> src/inspect/a.ts',
  },
  {
    name: 'a file outside every room',
    file: 'src/lost.ts',
    text: 'export const lost = 1;\n',
    rule: 'no-file-outside-a-room: src/lost.ts',
  },
  {
    name: 'a cycle of types',
    file: 'src/client/x.ts',
    text: "import type { Y } from './y.ts';\nexport type X = Y | 1;\n",
    rule: 'no-cycle: src/client/x.ts -> src/client/y.ts -> src/client/x.ts',
  },
  {
    name: 'node:* on a pure floor',
    file: 'src/server/zab/node.ts',
    text: "import { createHash } from 'node:crypto';\nexport const h = createHash;\n",
    rule: 'pure-floors-import-no-node: src/server/zab/node.ts -> crypto',
  },
  {
    name: 'a package on a pure floor',
    file: 'src/events/package.ts',
    text: "import { p } from 'planted';\nexport const q = p;\n",
    rule: 'pure-floors-import-no-package: src/events/package.ts -> node_modules/planted/index.js',
  },
  {
    name: 'files outside platform',
    file: 'src/cli/files.ts',
    text: "import { readFile } from 'node:fs/promises';\nexport const r = readFile;\n",
    rule: 'only-platform-touches-the-world: src/cli/files.ts -> fs/promises',
  },
  {
    name: 'an import() of sockets outside platform',
    file: 'src/server/net/sockets.ts',
    text: "export const net = () => import('node:net');\n",
    rule: 'only-platform-touches-the-world: src/server/net/sockets.ts -> net',
  },
  {
    name: 'the simulator outside the composition root',
    file: 'src/tui/sim.ts',
    text: "import { a } from '../sim/a.ts';\nexport const b = a;\n",
    rule: 'only-cli-composes: src/tui/sim.ts -> src/sim/a.ts',
  },
  {
    name: 'the simulator on the real platform',
    file: 'src/sim/real.ts',
    text: "import { a } from '../platform/a.ts';\nexport const b = a;\n",
    rule: 'platform-and-sim-apart: src/sim/real.ts -> src/platform/a.ts',
  },
  {
    name: 'the server in the client',
    file: 'src/client/server.ts',
    text: "import { a } from '../server/tree/a.ts';\nexport const b = a;\n",
    rule: 'client-and-server-apart: src/client/server.ts -> src/server/tree/a.ts',
  },
  {
    name: 'an import that leads nowhere',
    file: 'src/cli/nowhere.ts',
    text: "import { a } from './not-there.ts';\nexport const b = a;\n",
    rule: 'no-unresolved-import: src/cli/nowhere.ts -> ./not-there.ts',
  },
];

const SOUND: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "planted-house", "type": "module", "dependencies": { "planted": "1.0.0" } }\n',
  'node_modules/planted/package.json': '{ "name": "planted", "version": "1.0.0", "main": "index.js" }\n',
  'node_modules/planted/index.js': 'exports.p = 1;\n',
  'src/jute/a.ts': 'export const a = 1;\n',
  'src/storage/a.ts': "import { a } from '../jute/a.ts';\nexport type A = typeof a;\n",
  'src/server/tree/a.ts': 'export const a = 1;\n',
  'src/server/processor/same-room.ts': "export { a } from '../tree/a.ts';\n",
  'src/client/y.ts': "import type { X } from './x.ts';\nexport type Y = X | 2;\n",
  'src/inspect/a.ts': 'export const a = 1;\n',
  'src/sim/a.ts': 'export const a = 1;\n',
  'src/platform/a.ts': "import { connect } from 'node:net';\nexport const a = connect;\n",
  'src/cli/main.ts':
    "import { a } from '../platform/a.ts';\nimport { p } from 'planted';\nexport const b = [a, p];\n",
};

const cache = path.join(import.meta.dirname, '..', 'node_modules', '.cache');
let house = '';
let found: Awaited<ReturnType<typeof checkFloors>>;

function put(file: string, text: string): void {
  mkdirSync(path.join(house, path.dirname(file)), { recursive: true });
  writeFileSync(path.join(house, file), text);
}

beforeAll(async () => {
  mkdirSync(cache, { recursive: true });
  house = mkdtempSync(path.join(cache, 'floors-'));
  for (const [file, text] of Object.entries(SOUND)) put(file, text);
  for (const { file, text } of PLANTED) put(file, text);
  found = await checkFloors(house);
}, 30_000);

afterAll(() => rmSync(house, { recursive: true, force: true }));

test.each(PLANTED)('$name is found', ({ rule }) => {
  expect(found.violations.filter((it) => it.startsWith(rule))).not.toEqual([]);
});

test('nothing else is found, and every file is read', () => {
  const planted = new Set(PLANTED.map((it) => it.file));
  const blamed = found.violations.filter((it) => ![...planted].some((file) => it.includes(file)));
  expect(blamed).toEqual([]);
  expect(found.unread).toEqual([]);
});
