/**
 * Regular expressions that take a time linear in the text, whatever the pattern: names and data come from
 * others, and a backtracking matcher could be kept busy for ever. It follows all alternatives side by side,
 * as a set of states.
 *
 * Syntax: literals, `.`, `[…]` with ranges and `^`, `\d \w \s` and their opposites, `\n \t \r`, `( )`, `|`,
 * `* + ?`, `{m}`, `{m,}`, `{m,n}` up to 1000, `^`, `$`. No back references, no look-around: they cannot be
 * matched in linear time.
 */
import { ZktError } from '../../base/errors.ts';

const REPEAT_MAX = 1000;
const STATES_MAX = 20_000;

type Test = (char: string) => boolean;

/** A state: what it lets pass, and where it leads. `split` leads to both without taking a character. */
type State =
  | { readonly kind: 'test'; readonly test: Test; next: number }
  | { readonly kind: 'split'; next: number; other: number }
  | { readonly kind: 'start' | 'end'; next: number }
  | { readonly kind: 'match' };

/** A pattern as parsed. */
type Node =
  | { readonly kind: 'test'; readonly test: Test }
  | { readonly kind: 'start' | 'end' | 'empty' }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly min: number; readonly max: number };

/** A compiled pattern. */
export class Pattern {
  private readonly states: readonly State[];
  private readonly first: number;

  private constructor(states: readonly State[], first: number) {
    this.states = states;
    this.first = first;
  }

  /** Compiles a pattern; throws ZKT_USAGE. */
  static compile(source: string, ignoreCase = false): Pattern {
    const states: State[] = [{ kind: 'match' }];
    const first = emit(new PatternParser(source, ignoreCase).parse(), 0, states, source);
    return new Pattern(states, first);
  }

  /** Whether the pattern matches anywhere in the text. */
  matches(text: string): boolean {
    const chars = [...text];
    let active = new Set<number>();
    for (let at = 0; ; at++) {
      if (this.enter(this.first, active, at, chars.length)) return true;
      if (at === chars.length) return false;
      const next = new Set<number>();
      for (const index of active) {
        const state = this.states[index];
        if (state?.kind !== 'test' || !state.test(chars[at] as string)) continue;
        if (this.enter(state.next, next, at + 1, chars.length)) return true;
      }
      active = next;
    }
  }

  /** Adds a state and all it leads to without a character; true when the end is among them. */
  private enter(index: number, into: Set<number>, at: number, length: number): boolean {
    const waiting = [index];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (into.has(next)) continue;
      into.add(next);
      const state = this.states[next] as State;
      if (state.kind === 'match') return true;
      if (state.kind === 'split') waiting.push(state.next, state.other);
      else if (state.kind === 'start' && at === 0) waiting.push(state.next);
      else if (state.kind === 'end' && at === length) waiting.push(state.next);
    }
    return false;
  }
}

/** Adds the states of a node that leads to `next`; answers where it begins. */
function emit(node: Node, next: number, states: State[], source: string): number {
  if (states.length > STATES_MAX) throw bad(source, 'it is too large');
  const add = (state: State): number => states.push(state) - 1;
  switch (node.kind) {
    case 'empty':
      return next;
    case 'test':
      return add({ kind: 'test', test: node.test, next });
    case 'start':
    case 'end':
      return add({ kind: node.kind, next });
    case 'sequence':
      return node.parts.reduceRight((to, part) => emit(part, to, states, source), next);
    case 'choice':
      return node.parts
        .map((part) => emit(part, next, states, source))
        .reduce((other, index) => add({ kind: 'split', next: index, other }));
    case 'repeat':
      return emitRepeat(node, next, states, source);
  }
}

function emitRepeat(
  { part, min, max }: { readonly part: Node; readonly min: number; readonly max: number },
  next: number,
  states: State[],
  source: string,
): number {
  let to = next;
  if (max === Number.POSITIVE_INFINITY) {
    const loop: State & { kind: 'split' } = { kind: 'split', next: 0, other: next };
    const at = states.push(loop) - 1;
    loop.next = emit(part, at, states, source);
    to = at;
  } else {
    for (let i = min; i < max; i++) {
      const index = emit(part, to, states, source);
      to = states.push({ kind: 'split', next: index, other: next }) - 1;
    }
  }
  for (let i = 0; i < min; i++) to = emit(part, to, states, source);
  return to;
}

const bad = (source: string, why: string) =>
  new ZktError('ZKT_USAGE', { why: `bad pattern ${JSON.stringify(source)}: ${why}` });

const CLASSES: Readonly<Record<string, Test>> = {
  d: (c) => c >= '0' && c <= '9',
  w: (c) => /^[A-Za-z0-9_]$/.test(c),
  s: (c) => /^\s$/.test(c),
};
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

class PatternParser {
  private readonly source: string;
  private readonly chars: readonly string[];
  private readonly fold: (char: string) => string;
  private at = 0;
  private depth = 0;

  constructor(source: string, ignoreCase: boolean) {
    this.source = source;
    this.chars = [...source];
    this.fold = ignoreCase ? (char) => char.toLowerCase() : (char) => char;
  }

  parse(): Node {
    const node = this.choice();
    if (this.at < this.chars.length) throw bad(this.source, `unexpected ${this.chars[this.at]}`);
    return node;
  }

  private choice(): Node {
    if (++this.depth > 200) throw bad(this.source, 'groups are nested too deeply');
    const parts = [this.sequence()];
    while (this.chars[this.at] === '|') {
      this.at++;
      parts.push(this.sequence());
    }
    this.depth--;
    return parts.length === 1 ? (parts[0] as Node) : { kind: 'choice', parts };
  }

  private sequence(): Node {
    const parts: Node[] = [];
    for (let c = this.chars[this.at]; c !== undefined && c !== '|' && c !== ')'; c = this.chars[this.at]) {
      parts.push(this.repeated());
    }
    return parts.length === 0 ? { kind: 'empty' } : { kind: 'sequence', parts };
  }

  private repeated(): Node {
    let node = this.one();
    for (;;) {
      const c = this.chars[this.at];
      const bounds =
        c === '*'
          ? [0, Number.POSITIVE_INFINITY]
          : c === '+'
            ? [1, Number.POSITIVE_INFINITY]
            : c === '?'
              ? [0, 1]
              : undefined;
      const range = bounds ?? (c === '{' ? this.range() : undefined);
      if (range === undefined) return node;
      if (bounds !== undefined) this.at++;
      node = { kind: 'repeat', part: node, min: range[0] as number, max: range[1] as number };
    }
  }

  /** `{m}`, `{m,}` or `{m,n}`; a brace that begins none of them is a character. */
  private range(): [number, number] | undefined {
    const end = this.chars.indexOf('}', this.at);
    const found = /^\{(\d{1,4})(,(\d{0,4}))?\}$/.exec(this.chars.slice(this.at, end + 1).join(''));
    if (end < 0 || found === null) return undefined;
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] ? Number(found[3]) : Number.POSITIVE_INFINITY;
    if (min > REPEAT_MAX || (max !== Number.POSITIVE_INFINITY && (max > REPEAT_MAX || max < min))) {
      throw bad(this.source, `${found[0]} is out of range`);
    }
    this.at = end + 1;
    return [min, max];
  }

  private one(): Node {
    const c = this.chars[this.at++] as string;
    if (c === '(') {
      if (this.chars[this.at] === '?' && this.chars[this.at + 1] === ':') this.at += 2;
      const node = this.choice();
      if (this.chars[this.at++] !== ')') throw bad(this.source, 'a bracket is not closed');
      return node;
    }
    if (c === '[') return { kind: 'test', test: this.set() };
    if (c === '.') return { kind: 'test', test: (char) => char !== '\n' };
    if (c === '^') return { kind: 'start' };
    if (c === '$') return { kind: 'end' };
    if (c === '*' || c === '+' || c === '?') throw bad(this.source, `nothing to repeat before ${c}`);
    if (c === '\\') return { kind: 'test', test: this.escape() };
    return { kind: 'test', test: this.literal(c) };
  }

  private literal(char: string): Test {
    const wanted = this.fold(char);
    return (c) => this.fold(c) === wanted;
  }

  private escape(): Test {
    const c = this.chars[this.at++];
    if (c === undefined) throw bad(this.source, 'it ends with a backslash');
    const known = Object.hasOwn(CLASSES, c.toLowerCase()) ? CLASSES[c.toLowerCase()] : undefined;
    if (known !== undefined) return c === c.toLowerCase() ? known : (char) => !known(char);
    if (/^[1-9bBkpPu]$/.test(c)) throw bad(this.source, `\\${c} is not supported`);
    return this.literal(ESCAPES[c] ?? c);
  }

  private set(): Test {
    const negated = this.chars[this.at] === '^';
    if (negated) this.at++;
    const tests: Test[] = [];
    for (let first = true; this.chars[this.at] !== ']' || first; first = false) {
      const c = this.chars[this.at++];
      if (c === undefined) throw bad(this.source, 'a bracket is not closed');
      if (c === '\\') tests.push(this.escape());
      else if (
        this.chars[this.at] === '-' &&
        this.chars[this.at + 1] !== ']' &&
        this.at + 1 < this.chars.length
      ) {
        tests.push(this.between(c, this.chars[this.at + 1] as string));
        this.at += 2;
      } else tests.push(this.literal(c));
    }
    this.at++;
    return (char) => tests.some((test) => test(char)) !== negated;
  }

  private between(low: string, high: string): Test {
    const [from, to] = [low.codePointAt(0) ?? 0, high.codePointAt(0) ?? 0];
    if (from > to) throw bad(this.source, `the range ${low}-${high} is empty`);
    const within = (char: string) => (char.codePointAt(0) ?? 0) >= from && (char.codePointAt(0) ?? 0) <= to;
    return this.fold('A') === 'A'
      ? within
      : (char) => within(char.toLowerCase()) || within(char.toUpperCase());
  }
}

/** A pattern of a shell, `*`, `?` and `[…]`, that must match the whole name. */
export function globPattern(glob: string): Pattern {
  let source = '';
  const chars = [...glob];
  for (let i = 0; i < chars.length; i++) {
    const c = chars[i] as string;
    const end = c === '[' ? chars.indexOf(']', i + 2) : -1;
    if (c === '*') source += '.*';
    else if (c === '?') source += '.';
    else if (end > 0) {
      const inside = chars
        .slice(i + 1, end)
        .join('')
        .replace(/^!/, '^')
        .replaceAll('\\', '\\\\');
      source += `[${inside}]`;
      i = end;
    } else source += /[A-Za-z0-9_]/.test(c) ? c : `[${c === '^' ? '\\^' : c === '\\' ? '\\\\' : c}]`;
  }
  return Pattern.compile(`^(${source})$`);
}
