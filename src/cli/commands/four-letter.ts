/** `zkt 4lw`: a four-letter word, to one server or to all. */
import type { Command } from 'commander';
import { EXIT, ZktError } from '../../base/errors.ts';
import { addressText, parseServerList } from '../../client/connect-string.ts';
import { askServer } from '../../inspect/ensemble/ask-server.ts';
import { systemNet } from '../../platform/net.ts';
import { systemTimers } from '../../platform/timers.ts';
import { FOUR_LETTER_WORDS } from '../../protocol/four-letter.ts';
import { explain } from '../explain.ts';
import { Printer } from '../output/printer.ts';
import { ListReport } from '../output/report.ts';
import { settle } from '../settings/settings.ts';
import { toolHelp } from '../settings/tool-help.ts';
import { type ServerFlags, serverOptions, toolGlobals } from '../settings/tool-options.ts';
import { suggestion } from '../suggest.ts';
import type { ToolContext } from '../tool.ts';

const PORTS = { net: systemNet, timers: systemTimers };

/** What a server says whose whitelist does not hold the word. */
const REFUSED = /^[a-z]{4} is not executed because it is not in the whitelist\.\s*$/;

const HELP = `
Examples:
  zkt 4lw srvr                        of the server on 127.0.0.1:2181
  zkt 4lw mntr -s zk1:2181,zk2:2181   of both, one after the other
  zkt 4lw stmk 306                    a trace mask

Words: ${FOUR_LETTER_WORDS.join(' ')}
A server answers those its 4lw.commands.whitelist allows: srvr, unless it says more. Exit code 1: it was refused.`;

/** See `ToolModule`. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, HELP, context.brief === true);
  serverOptions(command)
    .description('Send a four-letter word to every server of the list and print the answers.')
    .argument('<word>', 'four letters, such as srvr, stat, mntr, ruok')
    .argument('[mask]', 'the trace mask, for stmk')
    .action((word: string, mask: string | undefined, flags: ServerFlags) => ask(word, mask, flags, context));
}

async function ask(
  word: string,
  mask: string | undefined,
  flags: ServerFlags,
  context: ToolContext,
): Promise<void> {
  const { io } = context;
  const settings = settle(toolGlobals(flags, context.globals), io.env);
  const bytes = requestOf(word, mask);
  const { servers } = parseServerList(settings.servers);
  const [out, err] = [new Printer(io.stdout), new Printer(io.stderr)];
  const report = new ListReport(out, settings.output, 'servers');
  for (const server of servers) {
    const name = addressText(server);
    try {
      const reply = (await askServer(PORTS, server, bytes, settings.timeoutMs)).toString('utf8');
      if (REFUSED.test(reply)) context.exit(EXIT.failed);
      await report.add(
        () => ({ server: name, word, reply }),
        () => {
          if (servers.length > 1) out.line({ text: `== ${name}`, style: 'bold' });
          out.text(reply.replace(/\n$/, ''));
        },
      );
    } catch (error) {
      const known = explain(error);
      if (known === undefined) throw error;
      context.exit(EXIT.noConnection);
      if (servers.length === 1) throw error;
      err.line(known.message);
      await report.add(
        () => ({ server: name, word, error: known.message }),
        () => {},
      );
    }
  }
  report.end();
}

function requestOf(word: string, mask: string | undefined): Buffer {
  if (!/^[a-z]{4}$/.test(word)) {
    throw new ZktError('ZKT_USAGE', {
      why: `${word} is no four-letter word.${suggestion(word, FOUR_LETTER_WORDS)}`,
    });
  }
  if (word !== 'stmk') return Buffer.from(word, 'latin1');
  if (mask === undefined || !/^\d{1,19}$/.test(mask)) {
    throw new ZktError('ZKT_USAGE', { why: 'stmk needs the trace mask as a decimal number, such as 306' });
  }
  const bytes = Buffer.alloc(12);
  bytes.write(word, 'latin1');
  bytes.writeBigInt64BE(BigInt.asIntN(64, BigInt(mask)), 4);
  return bytes;
}
