import { expect, it } from 'vitest';
import { connect } from '../../src/client/index.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import { systemNet } from '../../src/platform/net.ts';
import { ConnectName, ConnectRequest } from '../../src/protocol/messages.ts';

/** The first frame a client sends, and what is behind the connect request in it. */
async function greeting(clientName?: string): Promise<string> {
  let port = 0;
  const frame = new Promise<Buffer>((resolve) => {
    systemNet.listen(
      { host: '127.0.0.1', port: 0 },
      () => ({ data: resolve, drained() {}, ended() {}, closed() {} }),
      (result) => {
        if ('listener' in result) port = result.listener.port;
      },
    );
  });
  while (port === 0) await new Promise((soon) => setTimeout(soon, 1));
  const client = connect({ servers: `127.0.0.1:${port}`, ...(clientName !== undefined && { clientName }) });
  const bytes = await frame;
  await client.close();
  const reader = new JuteReader(bytes, 4, bytes.length);
  ConnectRequest.read(reader);
  return reader.remaining === 0 ? '' : ConnectName.read(reader).clientName;
}

it('a client says what it calls itself, or the name of its program', async () => {
  expect(await greeting('orders 7')).toBe('orders 7');
  expect(await greeting('')).toBe('');
  expect(await greeting()).toMatch(/ \(pid \d+\)$/);
});

it('a name is short', () => {
  expect(() => connect({ servers: 'x:1', clientName: 'é'.repeat(65) })).toThrow(/at most 128 bytes/);
});
