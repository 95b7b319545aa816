// Draws what a terminal shows: runs zkt in a pseudo-terminal against a server of its own, types a script, and
// writes the screen as SVG into docs/pictures. `npm run pictures` makes them all anew.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

const require = createRequire(import.meta.url);
const { spawn } = require('@lydell/node-pty');
const { Terminal } = require('@xterm/headless');

const root = path.join(import.meta.dirname, '..');
const zkt = path.join(root, 'bin', 'zkt');
const PORT = 22810;

/**
 * Each picture: its size, its command, and what is typed (a line at a time, when the screen has come to
 * rest).
 */
const PICTURES = [
  {
    name: 'shell',
    columns: 100,
    rows: 30,
    args: ['shell', '-s', `127.0.0.1:${PORT}`],
    lines: [
      'create /app "a small service"',
      'create -s -e /app/worker- host-1',
      'create -s -e /app/worker- host-2',
      'addWatch /app',
      'set /app "a small service, version 2"',
      'tree /app',
      'txn create /app/lock me ; check /app 1 ; set /app "locked"',
      'get /ap',
    ],
  },
];

const PALETTE = ['#1b1f27', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#c8ccd4'];
const BRIGHT = ['#5c6370', '#ef7a85', '#a9d68a', '#f0d08a', '#72bfff', '#d689ec', '#67c7d3', '#ffffff'];
const CELL = { width: 8.4, height: 18 };

const escapeXml = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** A run of cells of one look. */
function styleOf(cell) {
  const colour = cell.isFgPalette()
    ? (cell.getFgColor() < 8 ? PALETTE : BRIGHT)[cell.getFgColor() % 8]
    : PALETTE[7];
  const bold = cell.isBold() ? ' font-weight="bold"' : '';
  const dim = cell.isDim() ? ' opacity="0.6"' : '';
  return `fill="${colour}"${bold}${dim}`;
}

function toSvg(terminal) {
  const { rows, cols, buffer } = terminal;
  const out = [];
  for (let y = 0; y < rows; y++) {
    const line = buffer.active.getLine(buffer.active.viewportY + y);
    for (let x = 0; line !== undefined && x < cols; ) {
      const style = styleOf(line.getCell(x));
      const start = x;
      let text = '';
      for (; x < cols && styleOf(line.getCell(x)) === style; x++) text += line.getCell(x).getChars() || ' ';
      if (text.trim() === '') continue;
      const at = `x="${(10 + start * CELL.width).toFixed(1)}" y="${(y + 1) * CELL.height + 6}"`;
      const length = `textLength="${(text.trimEnd().length * CELL.width).toFixed(1)}"`;
      out.push(`<text ${at} ${style} ${length} xml:space="preserve">${escapeXml(text.trimEnd())}</text>`);
    }
  }
  const [width, height] = [cols * CELL.width + 20, rows * CELL.height + 20];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    ' font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14">',
    `<rect width="100%" height="100%" rx="8" fill="${PALETTE[0]}"/>`,
    ...out,
    '</svg>\n',
  ].join('\n');
}

async function draw({ name, columns, rows, args, lines }) {
  const terminal = new Terminal({ cols: columns, rows, allowProposedApi: true });
  const env = {
    ...process.env,
    TERM: 'xterm-256color',
    XDG_STATE_HOME: mkdtempSync(path.join(tmpdir(), 'zkt-pic-')),
  };
  const pty = spawn(process.execPath, [zkt, ...args], { cols: columns, rows, env, cwd: root });
  pty.onData((data) => terminal.write(data));
  await pause(1200);
  for (const line of lines) {
    pty.write(`${line}${line === lines.at(-1) ? '\t' : '\r'}`);
    await pause(700);
  }
  await pause(500);
  mkdirSync(path.join(root, 'docs/pictures'), { recursive: true });
  writeFileSync(path.join(root, 'docs/pictures', `${name}.svg`), toSvg(terminal));
  pty.kill();
}

const data = mkdtempSync(path.join(tmpdir(), 'zkt-pic-'));
const server = spawn(process.execPath, [zkt, 'server', '--data', data, '--port', String(PORT)], {
  cwd: root,
});
try {
  await pause(1200);
  for (const picture of PICTURES) await draw(picture);
} finally {
  server.kill('SIGTERM');
  await pause(500);
  rmSync(data, { recursive: true, force: true });
}
process.exit(0);
