/** Spans of a trace: who is whose parent, on which server, when. */
import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.ts';
import type { Trace } from '../../../src/events/trace.ts';
import { assemble } from '../../../src/inspect/trace/assemble.ts';
import { otlpRequest } from '../../../src/inspect/trace/otlp.ts';
import { key, SESSION, START_MS, writeThroughFollower } from './story.ts';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly status: { readonly code: number; readonly message?: string };
}
interface Body {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Span['attributes'] };
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string };
      readonly spans: readonly Span[];
    }[];
  }[];
}
const NAMES = { service: 'zk-prod', resource: { env: 'test' }, version: '1' };

function spansOf(...traces: Trace[]) {
  const body = JSON.parse(JSON.stringify(otlpRequest(traces, NAMES, new Prng(1)))) as Body;
  return body.resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const of = Object.fromEntries(resource.attributes.map((it) => [it.key, it.value.stringValue]));
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...span, of })));
  });
}
const write = assemble(writeThroughFollower().events, key());
const spans = spansOf(write);
const named = (name: string) => spans.find((span) => span.name === name);
const attribute = (span: Span | undefined, name: string) =>
  Object.values(span?.attributes.find((it) => it.key === name)?.value ?? {})[0];

describe('a write through a follower', () => {
  test('one trace: a root, a span a server, a span a stage', () => {
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
    const root = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
    expect(root.map(({ name }) => name)).toEqual(['zookeeper setData']);
    expect(root[0]).toMatchObject({ kind: 3, status: { code: 1 }, of: { 'service.name': 'zk-prod-client' } });
    for (const node of ['1', '2', '3']) {
      const server = named(`server ${node}`);
      expect(server?.parentSpanId).toBe(root[0]?.spanId);
      expect(server?.of).toEqual({ 'service.name': 'zk-prod', 'service.instance.id': node, env: 'test' });
      const stages = spans.filter(({ parentSpanId }) => parentSpanId === server?.spanId);
      expect(stages.length).toBe(write.stages.filter((it) => it.node === node).length);
    }
  });

  test('ids and times as the format wants them', () => {
    for (const { traceId, spanId, startTimeUnixNano, endTimeUnixNano } of spans) {
      expect(traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(spanId).toMatch(/^[0-9a-f]{16}$/);
      expect(startTimeUnixNano).toMatch(/^\d{19}$/);
      expect(BigInt(startTimeUnixNano)).toBeLessThanOrEqual(BigInt(endTimeUnixNano));
    }
    const root = named('zookeeper setData');
    expect(root?.startTimeUnixNano).toBe(`${START_MS}000000`);
    expect(Number(BigInt(root?.endTimeUnixNano ?? 0) - BigInt(START_MS) * 1_000_000n) / 1e6).toBeCloseTo(
      3.42,
      2,
    );
  });

  test('what it was', () => {
    const forwarded = named('forwarded');
    expect(attribute(forwarded, 'zookeeper.zxid')).toBe('0x100000007');
    expect(attribute(forwarded, 'zookeeper.session')).toBe('0x1000a2b3c4d0001');
    expect(attribute(forwarded, 'zookeeper.cxid')).toBe('5');
    expect(attribute(forwarded, 'zookeeper.path')).toBe('/a');
    expect(attribute(forwarded, 'zookeeper.op')).toBe('setData');
    expect(attribute(forwarded, 'zookeeper.sid')).toBe('1');
    expect(attribute(named('logged'), 'zookeeper.fsync_ms')).toBeTypeOf('number');
  });
});

test('without a client of ours the root is on the server it asked', () => {
  const [root] = spansOf(assemble(writeThroughFollower().events, { session: SESSION, cxid: 5 })).filter(
    ({ parentSpanId }) => parentSpanId === undefined,
  );
  expect(root).toMatchObject({ kind: 2, of: { 'service.instance.id': '1' } });
});

test('a failure has its name', () => {
  const [root] = spansOf(assemble([], key({ err: -101 })));
  expect(root?.status).toEqual({ code: 2, message: 'NONODE' });
});
