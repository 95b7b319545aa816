/** A request and its reply without a network. */
import type { HttpReply, HttpRequest } from '../../../src/ports/http.ts';

/** What was answered. */
export class FakeReply implements HttpReply {
  status = 0;
  headers: Readonly<Record<string, string>> = {};
  body = '';
  ended = false;
  pendingBytes = 0;
  private readonly goneFns: (() => void)[] = [];

  begin(status: number, headers: Readonly<Record<string, string>>): void {
    if (this.status !== 0) throw new Error('a reply begins once');
    this.status = status;
    this.headers = headers;
  }

  write(piece: string | Uint8Array): boolean {
    this.body += Buffer.from(piece).toString();
    return true;
  }

  end(piece?: string | Uint8Array): void {
    if (piece !== undefined) this.write(piece);
    this.ended = true;
  }

  onGone(fn: () => void): void {
    this.goneFns.push(fn);
  }

  /** Who asked has gone. */
  go(): void {
    for (const fn of this.goneFns) fn();
  }
}

/** A request for a path with its query; `headers` by names in lower case. */
export function fakeRequest(
  target: string,
  headers: Readonly<Record<string, string>> = { host: 'localhost:8080' },
  method = 'GET',
): HttpRequest {
  const url = new URL(target, 'http://localhost');
  return {
    method,
    path: decodeURIComponent(url.pathname),
    query: url.searchParams,
    header: (name) => headers[name],
    remote: '127.0.0.1:40000',
    remoteAddress: '127.0.0.1',
  };
}
