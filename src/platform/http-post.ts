/** POST on node:http and node:https; apart from `http.ts`, since few commands hand anything over. */
import http from 'node:http';
import https from 'node:https';
import type { HttpPosting } from '../ports/http.ts';

/** Hands over at HTTP ports of anywhere. */
export const systemHttpPosting: HttpPosting = {
  post(url, { body, headers, timeoutMs }, done) {
    let over = false;
    let timer: NodeJS.Timeout | undefined;
    const end = (result: { readonly status: number } | { readonly error: Error }): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      done(result);
    };
    let request: http.ClientRequest;
    try {
      const bytes = Buffer.from(body);
      const options = {
        method: 'POST',
        headers: { ...headers, 'content-length': String(bytes.length) },
        agent: false as const,
      };
      request = new URL(url).protocol === 'https:' ? https.request(url, options) : http.request(url, options);
      request.end(bytes);
    } catch (error) {
      setImmediate(() => end({ error: error as Error }));
      return;
    }
    timer = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    request.on('error', (error) => end({ error }));
    request.on('response', (response) => {
      response.on('error', () => {});
      response.resume();
      end({ status: response.statusCode ?? 0 });
    });
  },
};
