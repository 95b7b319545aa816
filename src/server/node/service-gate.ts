import type { FourLetterWord } from '../../protocol/four-letter.ts';
import type { ConnectRequest } from '../../protocol/messages.ts';
import type { ClientLink } from '../net/client-link.ts';
import type { ClientService } from '../net/client-service.ts';
import type { ServerHost } from './server-host.ts';
import type { ServingServer } from './serving-server.ts';

/**
 * Stands between the client port and the server behind it. The port is opened first, so that one that is in
 * use is told before anything is written; until a server is ready, connections are told that nobody serves.
 */
export class ServiceGate implements ClientService<ClientLink> {
  /** The server, once there is one. */
  behind: ServingServer | undefined;
  /** Answers the words that need no server, while there is none. */
  idle: ServerHost['answerIdle'];

  get serving(): boolean {
    return this.behind?.serving ?? false;
  }

  connect(link: ClientLink, request: ConnectRequest): void {
    this.behind?.connect(link, request);
  }

  request(link: ClientLink, bytes: Buffer, start: number, end: number): void {
    this.behind?.request(link, bytes, start, end);
  }

  drained(link: ClientLink): void {
    this.behind?.drained(link);
  }

  closed(link: ClientLink): void {
    this.behind?.closed(link);
  }

  command(link: ClientLink, word: FourLetterWord, more: Buffer): string | undefined {
    return this.behind === undefined ? this.idle?.(word, more, link) : this.behind.command(link, word, more);
  }
}
