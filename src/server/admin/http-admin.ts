/**
 * The HTTP admin of a server: who may ask, what there is to ask, and what an answer looks like. Questions
 * only, no bodies: GET and HEAD.
 *
 *     /commands          the list, /commands/NAME one of them: JSON as Apache's admin server writes it
 *     /metrics           Prometheus
 *     /health            200 or 503, and why
 *     /events            the stream of events
 */
import { reasonOf } from '../../base/errors.ts';
import type { Emitter } from '../../events/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HttpHandler, HttpReply, HttpRequest } from '../../ports/http.ts';
import type { Secrets } from '../../ports/secrets.ts';
import type { Timers } from '../../ports/timers.ts';
import { AdminGuard } from './admin-guard.ts';
import { answer, answerJson, HEADERS, JSON_TYPE } from './answers.ts';
import { type Json, jacksonFragments } from './jackson.ts';
import { nextPiece, writePaced } from './paced-answer.ts';

/** Apache's commands, by whichever of their names. */
export interface AdminCommands {
  /** Their first names, sorted. */
  readonly names: readonly string[];
  /** What one answers, `command` and `error` included; also for a name that there is none of. */
  run(name: string, query: URLSearchParams): Json;
}

/** How a server is: whether traffic should be sent to it, and if not, why. */
export interface Health {
  readonly healthy: boolean;
  /** `standalone`, `leader`, `follower`, `observer`, `read-only`, `looking` or `starting`. */
  readonly mode: string;
  /** Empty where it is healthy. */
  readonly why: string;
}

/** What the admin is made of. */
export interface HttpAdminOptions {
  /** `/commands`, or what `admin.commandURL` says. */
  readonly commandUrl: string;
  /** What whoever asks must know; undefined where only this machine can ask. */
  readonly token: string | undefined;
  readonly commands: AdminCommands;
  readonly health: () => Health;
  /** The text of `/metrics` and its content type. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** `/events`: streams. */
  readonly events?: HttpHandler | undefined;
}

/** What the admin needs of the world. */
export interface HttpAdminWorld {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly secrets: Secrets;
  readonly events: Emitter;
}

/** Who reads nothing of a long answer for so long gets no more of it. */
const PATIENCE_MS = 30_000;

/** See the head of the file. */
export class HttpAdmin {
  private readonly options: HttpAdminOptions;
  private readonly guard: AdminGuard;
  private readonly timers: Timers;

  constructor(options: HttpAdminOptions, world: HttpAdminWorld) {
    this.options = options;
    this.timers = world.timers;
    this.guard = new AdminGuard(options.token, world);
  }

  /** Answers one request. Never throws. */
  readonly handle: HttpHandler = (request, reply) => {
    try {
      this.route(request, reply);
    } catch (thrown) {
      this.fail(request, reply, thrown);
    }
  };

  private route(request: HttpRequest, reply: HttpReply): void {
    const objection = this.guard.objection(request);
    if (objection !== undefined) {
      answerJson(request, reply, objection.status, { error: objection.why }, objection.headers);
      return;
    }
    const { path } = request;
    const { options } = this;
    const { commandUrl } = options;
    if (path === commandUrl || path === `${commandUrl}/`) {
      const type = 'text/html; charset=utf-8';
      answer(request, reply, 200, type, listHtml(commandUrl, options.commands.names));
    } else if (path.startsWith(`${commandUrl}/`)) {
      const name = path.slice(commandUrl.length + 1);
      this.answerCommand(request, reply, options.commands.run(name, request.query));
    } else if (path === '/health') {
      const { healthy, mode, why } = options.health();
      answerJson(request, reply, healthy ? 200 : 503, { healthy, mode, why });
    } else if (path === '/metrics') this.answerMetrics(request, reply);
    else if (path === '/events' && options.events !== undefined) stream(request, reply, options.events);
    else {
      const there = [commandUrl, '/metrics', '/health', ...(options.events === undefined ? [] : ['/events'])];
      answerJson(request, reply, 404, { error: `nothing here; there is ${there.join(', ')}` });
    }
  }

  /** What may be long: 100 000 sessions, a million watches. */
  private answerCommand(request: HttpRequest, reply: HttpReply, value: Json): void {
    const fragments = jacksonFragments(value);
    const { text, last } = nextPiece(fragments);
    if (last) {
      answer(request, reply, 200, JSON_TYPE, text);
      return;
    }
    reply.begin(200, { 'content-type': JSON_TYPE, ...HEADERS });
    if (request.method === 'HEAD') {
      reply.end();
      return;
    }
    reply.write(text);
    writePaced(reply, fragments, PATIENCE_MS, this.timers, (thrown) => this.fail(request, reply, thrown));
  }

  private answerMetrics(request: HttpRequest, reply: HttpReply): void {
    this.options.metrics().then(
      ({ contentType, text }) => answer(request, reply, 200, contentType, text),
      (thrown: unknown) => this.fail(request, reply, thrown),
    );
  }

  private fail(request: HttpRequest, reply: HttpReply, thrown: unknown): void {
    const why = `this failed in the server: ${reasonOf(thrown)}`;
    this.guard.tell(request, why);
    try {
      answerJson(request, reply, 500, { error: why });
    } catch {
      // It had begun: all that can be said is that it ends here.
      reply.end();
    }
  }
}

function stream(request: HttpRequest, reply: HttpReply, events: HttpHandler): void {
  if (request.method === 'HEAD') answer(request, reply, 200, 'application/x-ndjson', '');
  else events(request, reply);
}

/** The list as Apache's admin server shows it. */
const listHtml = (commandUrl: string, names: readonly string[]): string =>
  names
    .map((name) => `<a href="${escapeHtml(`${commandUrl}/${name}`)}">${escapeHtml(name)}</a>\n<br/>\n`)
    .join('');

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
