/**
 * Watches from outside whether the servers of a local ensemble serve and who leads, by asking each `srvr`.
 */
import type { ServerAddress } from '../../client/connect-string.ts';
import { type AskPorts, askServer } from '../../inspect/ensemble/ask-server.ts';
import { parseSrvr } from '../../inspect/ensemble/server-answer.ts';
import type { Timer } from '../../ports/timers.ts';

const EVERY_MS = 150;
const ANSWER_MS_MAX = 2_000;
const REPLY_BYTES_MAX = 64 * 1024;

/** Modes by the id of the server; without those that do not serve. */
export type Modes = ReadonlyMap<number, string>;

/** See the top of the file. */
export class QuorumWatch {
  private readonly ports: AskPorts;
  private readonly servers: ReadonlyMap<number, ServerAddress>;
  private readonly tell: (modes: Modes) => void;
  private timer: Timer | undefined;
  private closed = false;

  /** `tell` hears each round, until all servers serve. */
  constructor(ports: AskPorts, servers: ReadonlyMap<number, ServerAddress>, tell: (modes: Modes) => void) {
    this.ports = ports;
    this.servers = servers;
    this.tell = tell;
  }

  /** Something changed: asks until all serve. */
  look(): void {
    if (this.closed || this.timer !== undefined) return;
    this.timer = this.ports.timers.after(EVERY_MS, () => void this.round());
  }

  /** Asks no more. */
  close(): void {
    this.closed = true;
    this.timer?.cancel();
  }

  private async round(): Promise<void> {
    const modes = new Map<number, string>();
    const asked = [...this.servers].map(async ([id, address]) => {
      const mode = await this.modeOf(address);
      if (mode !== undefined) modes.set(id, mode);
    });
    await Promise.all(asked);
    this.timer = undefined;
    if (this.closed) return;
    this.tell(modes);
    if (modes.size < this.servers.size) this.look();
  }

  private async modeOf(address: ServerAddress): Promise<string | undefined> {
    try {
      const options = { replyBytesMax: REPLY_BYTES_MAX };
      const reply = await askServer(this.ports, address, Buffer.from('srvr'), ANSWER_MS_MAX, options);
      const srvr = parseSrvr(reply.toString('utf8'));
      return 'fault' in srvr ? undefined : srvr.mode;
    } catch {
      return undefined;
    }
  }
}
