/** Answers of the HTTP admin that are made in one piece. */
import type { HttpReply, HttpRequest } from '../../ports/http.ts';
import { type Json, jacksonText } from './jackson.ts';

/** The type of JSON. */
export const JSON_TYPE = 'application/json';
/** Answers are of the moment, and nothing a browser should make more of than it is. */
export const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'",
} as const;

/** Answers with a value as JSON. */
export function answerJson(
  request: HttpRequest,
  reply: HttpReply,
  status: number,
  value: Json,
  headers: Readonly<Record<string, string>> = {},
): void {
  answer(request, reply, status, JSON_TYPE, jacksonText(value), headers);
}

/** Answers with a whole text; of HEAD, with its length only. */
export function answer(
  { method }: HttpRequest,
  reply: HttpReply,
  status: number,
  type: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(text, 'utf8');
  reply.begin(status, {
    'content-type': type,
    'content-length': String(bytes.length),
    ...HEADERS,
    ...headers,
  });
  if (method === 'HEAD') reply.end();
  else reply.end(bytes);
}
