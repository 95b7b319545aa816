// Draws what a terminal shows: runs zkt, or a shell that does, in a pseudo-terminal with servers of its own,
// types a script, and writes the screen as SVG into docs/pictures. `npm run pictures` makes them all anew,
// `npm run pictures up` the one of that name.
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
const UP_PORT = 22821;

/**
 * Each picture: its size, its command, and what is typed (a line at a time, when the screen has come to
 * rest, or after the time that stands with it, ms; with the key that stands behind that, or Enter).
 */
const PICTURES = [
  {
    name: 'shell',
    columns: 100,
    rows: 30,
    command: [process.execPath, zkt, 'shell', '-s', `127.0.0.1:${PORT}`],
    lastKey: '\t',
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
  {
    name: 'trace',
    columns: 120,
    rows: 24,
    command: ['bash', '--norc', '--noprofile'],
    env: { PS1: '$ ', ZKT_SERVERS: `127.0.0.1:${UP_PORT}` },
    lines: [
      `zkt up --no-top --base-port ${UP_PORT} --log-level error 2>up.log &`,
      ['zkt create /app hello; clear', 5000],
      ['zkt trace -- set /app "hello again"', 1500],
    ],
    lastly: ['kill %1; wait; exit', 4000],
  },
  {
    name: 'up',
    columns: 124,
    rows: 30,
    command: ['bash', '--norc', '--noprofile'],
    env: { PS1: '$ ', ZKT_SERVERS: [0, 1, 2].map((i) => `127.0.0.1:${UP_PORT + i}`).join() },
    lines: [
      `zkt up --no-top --base-port ${UP_PORT} --log-level error &`,
      ['zkt status', 5000],
      ['kill -9 $(cut -d" " -f1 zkt-data/3/zkt.pid) # the leader', 2500],
      ['zkt status', 180],
      ['zkt status', 3500],
    ],
    lastly: ['kill %1; wait; exit', 3000],
  },
];

/** The panes of the dashboard at moments of a recorded failover, large and small. */
const PANES = [
  ['ensemble', '1', '9.2s'],
  ['election', '2', '9.3s'],
  ['flow', '3', '6s'],
  ['sessions', '4', '15.2s'],
  ['hot', '5', '16s'],
  ['events', '6', '9.2s'],
];
const RECORDING = path.join(root, 'test', 'tui', 'screens', 'failover.zktrec');
for (const [pane, key, moment] of PANES) {
  for (const [columns, rows, suffix] of [
    [200, 60, ''],
    [80, 24, '-80x24'],
  ]) {
    PICTURES.push({
      name: `top-${pane}${suffix}`,
      ...{ columns, rows },
      command: [process.execPath, zkt, 'top', '--replay', RECORDING, '--speed', '0.1'],
      env: { TZ: 'UTC', LANG: 'C.UTF-8' },
      lastKey: '',
      lines: [
        [' ', 1500],
        [`g${moment}`, 500],
        ['\r', 300],
        [key, 3000],
      ].map(([text, ms]) => [text, ms, '']),
    });
  }
}

const PALETTE = ['#1b1f27', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#c8ccd4'];
const BRIGHT = ['#5c6370', '#ef7a85', '#a9d68a', '#f0d08a', '#72bfff', '#d689ec', '#67c7d3', '#ffffff'];
const CELL = { width: 8.4, height: 18 };

const escapeXml = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** One of the 256 colours of a terminal. */
function paletteColour(index) {
  if (index < 8) return PALETTE[index];
  if (index < 16) return BRIGHT[index - 8];
  const level = (n) => (n === 0 ? 0 : 55 + 40 * n);
  const rgb =
    index >= 232
      ? Array(3).fill(8 + 10 * (index - 232))
      : [36, 6, 1].map((unit) => level(Math.floor((index - 16) / unit) % 6));
  return `#${rgb.map((n) => n.toString(16).padStart(2, '0')).join('')}`;
}

const rgbColour = (value) => `#${value.toString(16).padStart(6, '0')}`;

/** Foreground and background of a cell; an inverse one has them swapped. */
function coloursOf(cell) {
  const front = cell.isFgRGB()
    ? rgbColour(cell.getFgColor())
    : cell.isFgPalette()
      ? paletteColour(cell.getFgColor())
      : PALETTE[7];
  const back = cell.isBgRGB()
    ? rgbColour(cell.getBgColor())
    : cell.isBgPalette()
      ? paletteColour(cell.getBgColor())
      : PALETTE[0];
  return cell.isInverse() ? [back, front] : [front, back];
}

/** A run of cells of one look. */
function styleOf(cell) {
  const bold = cell.isBold() ? ' font-weight="bold"' : '';
  const dim = cell.isDim() ? ' opacity="0.6"' : '';
  return `fill="${coloursOf(cell)[0]}"${bold}${dim}`;
}

/** Rectangles behind the runs of a line that have a colour of their own. */
function backgrounds(line, y, columns) {
  const out = [];
  for (let x = 0; x < columns; ) {
    const colour = coloursOf(line.getCell(x))[1];
    const start = x;
    while (x < columns && coloursOf(line.getCell(x))[1] === colour) x++;
    if (colour === PALETTE[0]) continue;
    const at = `x="${(10 + start * CELL.width).toFixed(1)}" y="${y * CELL.height + 10}"`;
    out.push(
      `<rect ${at} width="${((x - start) * CELL.width).toFixed(1)}" height="${CELL.height}" fill="${colour}"/>`,
    );
  }
  return out;
}

function toSvg(terminal) {
  const { rows, cols, buffer } = terminal;
  const out = [];
  for (let y = 0; y < rows; y++) {
    const line = buffer.active.getLine(buffer.active.viewportY + y);
    if (line !== undefined) out.push(...backgrounds(line, y, cols));
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

async function draw({ name, columns, rows, command, env = {}, lines, lastKey = '\r', lastly }) {
  const terminal = new Terminal({ cols: columns, rows, allowProposedApi: true });
  const home = mkdtempSync(path.join(tmpdir(), 'zkt-pic-'));
  const search = `${path.dirname(zkt)}${path.delimiter}${process.env.PATH}`;
  const surroundings = { ...process.env, TERM: 'xterm-256color', XDG_STATE_HOME: home, PATH: search, ...env };
  const [program, ...args] = command;
  const pty = spawn(program, args, { cols: columns, rows, env: surroundings, cwd: home });
  pty.onData((data) => terminal.write(data));
  const ended = new Promise((done) => pty.onExit(done));
  await pause(1200);
  const type = async (line, key) => {
    const [text, ms, itsKey = key] = Array.isArray(line) ? line : [line, 0];
    await pause(ms);
    pty.write(`${text}${itsKey}`);
    await pause(ms > 0 ? 0 : 700);
  };
  for (const line of lines) await type(line, line === lines.at(-1) ? lastKey : '\r');
  await pause(1500);
  mkdirSync(path.join(root, 'docs/pictures'), { recursive: true });
  writeFileSync(path.join(root, 'docs/pictures', `${name}.svg`), toSvg(terminal));
  if (lastly === undefined) pty.kill();
  else {
    await type(lastly, '\r');
    await Promise.race([ended, pause(20_000)]);
  }
  rmSync(home, { recursive: true, force: true });
}

const wanted = process.argv.slice(2);
const data = mkdtempSync(path.join(tmpdir(), 'zkt-pic-'));
const server = spawn(process.execPath, [zkt, 'server', '--data', data, '--port', String(PORT)], {
  cwd: root,
});
try {
  await pause(1200);
  for (const picture of PICTURES)
    if (wanted.length === 0 || wanted.includes(picture.name)) await draw(picture);
} finally {
  server.kill('SIGTERM');
  await pause(500);
  rmSync(data, { recursive: true, force: true });
}
process.exit(0);
