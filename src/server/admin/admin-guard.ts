/** Who may ask the HTTP admin, and what is said to the others. */
import type { Emitter } from '../../events/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HttpRequest } from '../../ports/http.ts';
import type { Secrets } from '../../ports/secrets.ts';

/** Why a request is not answered. */
export interface Objection {
  readonly status: 401 | 403 | 405;
  readonly why: string;
  readonly headers: Readonly<Record<string, string>>;
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD']);
/** Names that a browser looks up to this machine, whatever a name server says. */
const LOOPBACK = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/i;
const BEARER = /^Bearer +(\S{1,1024}) *$/i;
/** Refusals are told at most so often: whoever may not ask must not fill the log either. */
const TELL_EVERY_MS = 1_000;
/** A path that is told is no longer than this. */
const SHOWN_PATH_MAX = 120;

/**
 * With a token, whoever knows it may ask. Without one only this machine can reach the port, and then a page
 * in somebody's browser could be the one that asks: by a name of its own that suddenly means 127.0.0.1 (then
 * `Host` is that name), or straight away without reading the answer (then `Sec-Fetch-Site` says so).
 */
export class AdminGuard {
  private readonly tokenHash: Buffer | undefined;
  private readonly secrets: Secrets;
  private readonly clock: Clock;
  private readonly events: Emitter;
  private toldMs = Number.NEGATIVE_INFINITY;
  private untold = 0;

  constructor(
    token: string | undefined,
    world: { readonly secrets: Secrets; readonly clock: Clock; readonly events: Emitter },
  ) {
    this.secrets = world.secrets;
    this.clock = world.clock;
    this.events = world.events;
    this.tokenHash = token === undefined ? undefined : this.hash(token);
  }

  /** Undefined for a request that is to be answered; a refusal is told as an event. */
  objection(request: HttpRequest): Objection | undefined {
    const found = this.find(request);
    if (found !== undefined) this.tell(request, found.why);
    return found;
  }

  /** Tells that a request was not answered as it was meant to be. */
  tell({ remote, method, path }: HttpRequest, why: string): void {
    const now = this.clock.monotonicMs();
    if (now - this.toldMs < TELL_EVERY_MS) {
      this.untold++;
      return;
    }
    this.toldMs = now;
    const more = this.untold > 0 ? `; ${this.untold} more since the last that was told` : '';
    this.untold = 0;
    if (!this.events.on['admin.refused']) return;
    const what = `${method} ${path}`.slice(0, SHOWN_PATH_MAX);
    this.events.emit('admin.refused', { remote, what, why: why + more });
  }

  private find(request: HttpRequest): Objection | undefined {
    const { method } = request;
    if (this.tokenHash !== undefined) {
      const given = BEARER.exec(request.header('authorization') ?? '')?.[1];
      if (given === undefined || !this.secrets.equal(this.hash(given), this.tokenHash)) {
        const why =
          given === undefined
            ? 'a token is needed: Authorization: Bearer TOKEN'
            : 'that is not the token of this server';
        return { status: 401, why, headers: { 'www-authenticate': 'Bearer realm="zkt"' } };
      }
    } else {
      const why = foreign(request);
      if (why !== undefined) return { status: 403, why, headers: {} };
    }
    if (METHODS.has(method)) return undefined;
    return { status: 405, why: `only GET and HEAD, not ${method}`, headers: { allow: 'GET, HEAD' } };
  }

  /** Tokens of any length compare in the same time. */
  private hash(token: string): Buffer {
    return this.secrets.hmacSha256(Buffer.from('zkt admin token'), Buffer.from(token, 'utf8'));
  }
}

/** Why a request without a token is taken to come from a web page of somebody else. */
function foreign(request: HttpRequest): string | undefined {
  const host = request.header('host');
  if (host !== undefined && !LOOPBACK.test(host)) {
    return 'without a token only requests for localhost or 127.0.0.1 are answered; set zkt.adminTokenFile to use another name';
  }
  const site = request.header('sec-fetch-site');
  if (site === undefined || site === 'none' || site === 'same-origin') return undefined;
  return 'without a token no web page of another site may ask';
}
