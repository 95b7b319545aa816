/**
 * Scenarios as text: a line a statement, `#` for comments; `docs/scenarios.md` lists all that may be said.
 *
 *     servers 3
 *     start all
 *     wait leader
 *     call A leader                   # from here on A is the server that leads now
 *     client c
 *     c create /a x                   # it must succeed; `fails NODEEXISTS` behind it: fail so
 *     cut A to !A on quorum           # nothing gets from A to the others on that port
 *     begin c set /a y                # sent and not awaited; its fate is judged from the logs
 *     expect /a = x on all
 *
 * Servers are named by number, several with commas, or `all`, `leader`, `followers`, or a name given by
 * `call`; `!A` is all but A. A line `sweep n 1..40` makes forty scenarios of one: `$n` is 1 in the first, 40
 * in the last.
 */
import { ZktError } from '../../base/errors.ts';
import { ERR } from '../../protocol/error-codes.ts';

/** Servers, as a scenario names them: numbers, `all`, `leader`, `followers`, or names given by `call`. */
export type Selector = readonly string[];

/** What one line says. */
export type Statement =
  | { readonly kind: 'servers' | 'observers' | 'seed'; readonly count: number }
  | { readonly kind: 'config'; readonly text: string }
  | { readonly kind: MachineVerb; readonly who: Selector }
  | { readonly kind: 'crash'; readonly who: Selector; readonly calls: number; readonly how: 'kill' | 'power' }
  | {
      readonly kind: 'cut';
      readonly who: Selector;
      readonly from: Selector;
      readonly bothWays: boolean;
      readonly port: PortName | undefined;
    }
  | { readonly kind: 'isolate'; readonly who: Selector; readonly clients: boolean }
  | { readonly kind: 'heal' }
  | {
      readonly kind: 'disk';
      readonly who: Selector;
      readonly how: 'full' | 'well' | 'fails';
      readonly call: string;
    }
  | { readonly kind: 'slow-disk'; readonly who: Selector; readonly ms: number }
  | { readonly kind: 'clock'; readonly who: Selector; readonly jumpMs: number; readonly rate: number }
  | { readonly kind: 'call'; readonly name: string; readonly who: Selector }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'wait-leader'; readonly is: boolean }
  | { readonly kind: 'wait-state'; readonly state: ServerState; readonly who: Selector }
  | { readonly kind: 'wait-agreed' }
  | { readonly kind: 'client'; readonly name: string; readonly to: Selector | undefined }
  | { readonly kind: 'die'; readonly name: string }
  | ClientStatement
  | {
      readonly kind: 'expect-data';
      readonly path: string;
      readonly data: string | undefined;
      readonly who: Selector;
    }
  | { readonly kind: 'expect-leader'; readonly who: Selector }
  | { readonly kind: 'expect-state'; readonly who: Selector; readonly state: ServerState };

/** An operation of a client. */
export interface ClientStatement {
  readonly kind: 'operation';
  readonly client: string;
  readonly op: ClientOp;
  readonly path: string;
  readonly data: string | undefined;
  readonly mode: 'persistent' | 'ephemeral' | 'persistentSequential' | 'ephemeralSequential';
  /** The code it must fail with; 0 to succeed. */
  readonly err: number;
  /** Sent, not awaited. */
  readonly begins: boolean;
}

/** Statements that do one thing to machines. */
export type MachineVerb = 'start' | 'stop' | 'kill' | 'power-cut' | 'pause' | 'resume' | 'wipe';
/** Operations of clients. */
export type ClientOp = 'create' | 'set' | 'delete' | 'get' | 'exists' | 'sync' | 'close';
/** Ports by what they are for. */
export type PortName = 'client' | 'quorum' | 'election';
/** What a server does. */
export type ServerState = 'serving' | 'looking' | 'down';

/** A statement and where it stands. */
export interface ScenarioLine {
  readonly line: number;
  readonly text: string;
  readonly statement: Statement;
}

const MACHINE_VERBS: ReadonlySet<string> = new Set([
  'start',
  'stop',
  'kill',
  'power-cut',
  'pause',
  'resume',
  'wipe',
]);
const CLIENT_OPS: ReadonlySet<string> = new Set([
  'create',
  'set',
  'delete',
  'get',
  'exists',
  'sync',
  'close',
]);
const STATES: ReadonlySet<string> = new Set(['serving', 'looking', 'down']);
const PORTS: ReadonlySet<string> = new Set(['client', 'quorum', 'election']);
const MODES = {
  '-e': 'ephemeral',
  '-s': 'persistentSequential',
  '-es': 'ephemeralSequential',
} as const;

/** A scenario of a file: several where it sweeps. */
export interface ScenarioVariant {
  /** `n=3`; empty where nothing is swept. */
  readonly name: string;
  readonly text: string;
}

const SWEEP = /^[ \t]*sweep[ \t]+([a-z]{1,20})[ \t]+(\d{1,6})\.\.(\d{1,6})[ \t]*$/m;
const VARIANTS_MAX = 10_000;

/** The scenarios a text stands for. Throws `ZKT_SCENARIO` for a sweep over nothing, or over too much. */
export function scenarioVariants(text: string, file: string): ScenarioVariant[] {
  const found = SWEEP.exec(text);
  if (found === null) return [{ name: '', text }];
  const [line, name = '', first = '', last = ''] = found;
  const from = Number(first);
  const count = Number(last) - from + 1;
  if (count < 1 || count > VARIANTS_MAX) {
    const at = text.slice(0, found.index).split('\n').length;
    throw new ZktError('ZKT_SCENARIO', { file, line: at, why: `${first}..${last} is nothing to sweep` });
  }
  const rest = text.replace(line, '');
  return Array.from({ length: count }, (_, i) => ({
    name: `${name}=${from + i}`,
    text: rest.replaceAll(`$${name}`, String(from + i)),
  }));
}

/** Reads a scenario. Throws `ZKT_SCENARIO` naming the line that cannot be understood. */
export function parseScenario(text: string, file: string): ScenarioLine[] {
  const lines: ScenarioLine[] = [];
  for (const [i, raw] of text.split('\n').entries()) {
    const words = raw
      .replace(/(^|\s)#.*$/, '')
      .trim()
      .split(/\s+/)
      .filter((word) => word !== '');
    if (words.length === 0) continue;
    const reader = new LineReader(words, (why) => new ZktError('ZKT_SCENARIO', { file, line: i + 1, why }));
    lines.push({ line: i + 1, text: words.join(' '), statement: reader.statement() });
  }
  return lines;
}

/** Takes one line apart, word by word. */
class LineReader {
  private readonly words: string[];
  private readonly error: (why: string) => Error;

  constructor(words: string[], error: (why: string) => Error) {
    this.words = [...words];
    this.error = error;
  }

  statement(): Statement {
    const statement = this.read();
    if (this.words.length > 0) throw this.error(`${this.words.join(' ')}: nothing was expected there`);
    return statement;
  }

  private read(): Statement {
    const verb = this.word('a statement');
    if (MACHINE_VERBS.has(verb)) return { kind: verb as MachineVerb, who: this.servers() };
    switch (verb) {
      case 'servers':
      case 'observers':
      case 'seed':
        return { kind: verb, count: this.count() };
      case 'config':
        return { kind: 'config', text: this.rest() };
      case 'crash':
        return this.crash();
      case 'cut':
        return this.cut();
      case 'isolate': {
        const who = this.servers();
        return { kind: 'isolate', who, clients: this.maybe('with') && this.must('clients') };
      }
      case 'heal':
        return { kind: 'heal' };
      case 'disk':
        return this.disk();
      case 'clock':
        return this.clock();
      case 'call': {
        const name = this.word('a name');
        return { kind: 'call', name, who: this.servers() };
      }
      case 'wait':
        return this.wait();
      case 'client': {
        const name = this.word('a name');
        return { kind: 'client', name, to: this.maybe('to') ? this.servers() : undefined };
      }
      case 'die':
        return { kind: 'die', name: this.word('a client') };
      case 'expect':
        return this.expect();
      case 'begin':
        return this.operation(this.word('a client'), true);
      default:
        return this.operation(verb, false);
    }
  }

  private crash(): Statement {
    const who = this.servers();
    this.must('after');
    const calls = this.count();
    this.must('calls');
    const how = this.word('kill or power');
    if (how !== 'kill' && how !== 'power') throw this.error(`${how}: kill or power was expected`);
    return { kind: 'crash', who, calls, how };
  }

  private cut(): Statement {
    const who = this.servers();
    const way = this.word('from or to');
    if (way !== 'from' && way !== 'to') throw this.error(`${way}: from or to was expected`);
    const from = this.servers();
    let port: PortName | undefined;
    if (this.maybe('on')) {
      const name = this.word('a port');
      if (!PORTS.has(name)) throw this.error(`${name}: client, quorum or election was expected`);
      port = name as PortName;
    }
    return { kind: 'cut', who, from, bothWays: way === 'from', port };
  }

  private disk(): Statement {
    const who = this.servers();
    const how = this.word('full, well, slow or fails');
    if (how === 'slow') return { kind: 'slow-disk', who, ms: this.duration() };
    if (how === 'full' || how === 'well') return { kind: 'disk', who, how, call: '' };
    if (how === 'fails') return { kind: 'disk', who, how, call: this.word('a call of the disk') };
    throw this.error(`${how}: full, well, slow or fails was expected`);
  }

  private clock(): Statement {
    const who = this.servers();
    if (this.maybe('jumps')) return { kind: 'clock', who, jumpMs: this.duration(), rate: 1 };
    this.must('rate');
    const rate = Number(this.word('a rate'));
    if (!(rate > 0.1 && rate < 10)) throw this.error('a rate from 0.1 to 10 was expected');
    return { kind: 'clock', who, jumpMs: 0, rate };
  }

  private wait(): Statement {
    if (this.maybe('leader')) return { kind: 'wait-leader', is: true };
    if (this.maybe('agreed')) return { kind: 'wait-agreed' };
    if (this.maybe('no')) {
      this.must('leader');
      return { kind: 'wait-leader', is: false };
    }
    const [next = ''] = this.words;
    if (!STATES.has(next)) return { kind: 'wait', ms: this.duration() };
    this.words.shift();
    return { kind: 'wait-state', state: next as ServerState, who: this.servers() };
  }

  private expect(): Statement {
    if (this.maybe('leader')) return { kind: 'expect-leader', who: this.servers() };
    const no = this.maybe('no');
    const [next = ''] = this.words;
    if (!next.startsWith('/')) {
      const who = this.servers();
      const state = this.word('serving, looking or down');
      if (!STATES.has(state)) throw this.error(`${state}: serving, looking or down was expected`);
      return { kind: 'expect-state', who, state: state as ServerState };
    }
    const path = this.word('a path');
    const data = no ? undefined : this.value();
    this.must('on');
    return { kind: 'expect-data', path, data, who: this.servers() };
  }

  private operation(client: string, begins: boolean): Statement {
    const op = this.word('an operation');
    if (!CLIENT_OPS.has(op))
      throw this.error(`${client} ${op}: neither a statement nor an operation of a client`);
    let mode: ClientStatement['mode'] = 'persistent';
    const flag = this.words[0];
    if (op === 'create' && (flag === '-e' || flag === '-s' || flag === '-es')) {
      this.words.shift();
      mode = MODES[flag];
    }
    const path = op === 'close' ? '/' : this.word('a path');
    if (!path.startsWith('/')) throw this.error(`${path}: a path was expected`);
    let data: string | undefined;
    if (op === 'get' && this.maybe('=')) data = this.word('a value');
    if ((op === 'create' || op === 'set') && this.words[0] !== 'fails') data = this.words.shift();
    let err: number = ERR.OK;
    if (this.maybe('fails')) {
      const name = this.word('an error');
      const code = (ERR as Readonly<Record<string, number>>)[name];
      if (code === undefined) throw this.error(`${name}: the name of an error was expected`);
      err = code;
    }
    return { kind: 'operation', client, op: op as ClientOp, path, data, mode, err, begins };
  }

  private word(what: string): string {
    const word = this.words.shift();
    if (word === undefined) throw this.error(`${what} was expected at the end`);
    return word;
  }

  private value(): string {
    this.must('=');
    return this.word('a value');
  }

  private rest(): string {
    return this.words.splice(0).join(' ');
  }

  private maybe(word: string): boolean {
    if (this.words[0] !== word) return false;
    this.words.shift();
    return true;
  }

  private must(word: string): true {
    const found = this.word(word);
    if (found !== word) throw this.error(`${found}: ${word} was expected`);
    return true;
  }

  private count(): number {
    const text = this.word('a number');
    if (!/^\d{1,9}$/.test(text)) throw this.error(`${text}: a number was expected`);
    return Number(text);
  }

  private duration(): number {
    const text = this.word('a time');
    const match = /^(-?\d{1,9}(?:\.\d+)?)(ms|s)$/.exec(text);
    if (match === null) throw this.error(`${text}: a time such as 500ms or 2s was expected`);
    return Number(match[1]) * (match[2] === 's' ? 1000 : 1);
  }

  private servers(): Selector {
    const text = this.word('servers');
    const parts = text.split(',');
    if (parts.some((part) => part === ''))
      throw this.error(`${text}: servers were expected, such as 1,2 or leader`);
    return parts;
  }
}
