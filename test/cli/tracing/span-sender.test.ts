/** Spans on their way to a collector: a real HTTP port, and collectors that fail. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { collectorFrom, SpanSender, senderFrom } from '../../../src/cli/tracing/span-sender.ts';
import { assemble } from '../../../src/inspect/trace/assemble.ts';
import { key, writeThroughFollower } from '../../inspect/trace/story.ts';

const trace = assemble(writeThroughFollower().events, key());
const open: http.Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

interface Got {
  readonly url: string | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** A collector that answers with `status`. */
async function collector(status = 200): Promise<{ url: string; got: Got[] }> {
  const got: Got[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      got.push({ url: request.url, headers: request.headers, body });
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, got };
}

describe('what the environment says', () => {
  const check = (env: Record<string, string>, wanted: unknown) => expect(collectorFrom(env)).toEqual(wanted);
  test('nothing', () => check({}, undefined));
  test('an endpoint for everything, or one for traces', () => {
    expect(collectorFrom({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/' })).toMatchObject({
      url: 'http://c:4318/v1/traces',
    });
    expect(
      collectorFrom({
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://d/x',
      }),
    ).toMatchObject({ url: 'https://d/x' });
  });
  test('headers and names', () => {
    expect(
      collectorFrom({
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c',
        OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b, x=1,nothing',
        OTEL_SERVICE_NAME: 'zk',
        OTEL_RESOURCE_ATTRIBUTES: 'env=prod',
      }),
    ).toMatchObject({
      headers: { 'api-key': 'a b', x: '1' },
      names: { service: 'zk', resource: { env: 'prod' } },
    });
  });
  test('what cannot be sent to, and why', () => {
    check({ OTEL_EXPORTER_OTLP_ENDPOINT: 'c:4317' }, 'c:4317 is no http:// or https:// address');
    expect(
      collectorFrom({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }),
    ).toMatch(/over HTTP only/);
  });
  test('switched off', () =>
    check({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_SDK_DISABLED: 'true' }, undefined));
});

describe('sending', () => {
  test('what was added at once goes together, as JSON, with the headers', async () => {
    const { url, got } = await collector();
    const told: string[] = [];
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_HEADERS: 'api-key=secret' };
    const sender = senderFrom(env, (why) => told.push(why));
    sender?.add(trace);
    sender?.add(trace);
    await sender?.end();
    expect(told).toEqual([]);
    expect(got.map((it) => it.url)).toEqual(['/v1/traces']);
    expect(got[0]?.headers).toMatchObject({ 'api-key': 'secret', 'content-type': 'application/json' });
    const { resourceSpans } = JSON.parse(got[0]?.body ?? '') as { resourceSpans: unknown[] };
    expect(resourceSpans).toHaveLength(4);
  });

  const failing = async (url: string, timeoutMs = 5_000): Promise<string[]> => {
    const told: string[] = [];
    const found = collectorFrom({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
    if (typeof found !== 'object') throw new Error('no collector');
    const sender = new SpanSender({ ...found, timeoutMs }, (why) => told.push(why));
    for (let i = 0; i < 600; i++) sender.add(trace);
    await sender.end();
    return told;
  };
  test('a collector that refuses is told of once, and how many it missed', async () => {
    const { url } = await collector(503);
    const told = await failing(url);
    expect(told).toEqual([
      `spans cannot be sent to ${url}/v1/traces: it answered 503`,
      `600 traces were not sent to ${url}/v1/traces`,
    ]);
  });
  test('one that is not there', async () => {
    const told = await failing('http://127.0.0.1:1');
    expect(told[0]).toMatch(/ECONNREFUSED/);
    expect(told).toHaveLength(2);
  });
  test('one that hangs is waited for once', async () => {
    const server = http.createServer(() => {});
    open.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const started = performance.now();
    const told = await failing(url, 100);
    expect(told[0]).toMatch(/no answer within 100 ms/);
    expect(performance.now() - started).toBeLessThan(2_000);
    server.closeAllConnections();
  });
});
