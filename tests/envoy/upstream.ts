import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerMcp } from './mcp-server.js';

/** One request as it reached the upstream. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values by turns, repeated ones apart. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/** A stand-in for an LLM provider. */
export interface Upstream {
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** What reached it, oldest first. */
  readonly received: readonly UpstreamRequest[];
  close(): Promise<void>;
}

/**
 * Starts a server on loopback that answers like OpenAI's chat completions API, on `/mcp` like a server of MCP, agrees to
 * upgrades, and keeps what it was sent.
 */
export async function startUpstream(): Promise<Upstream> {
  const received: UpstreamRequest[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const got = requestOf(request, Buffer.concat(chunks));
    received.push(got);
    if (got.url === '/mcp') {
      const { status, body } = answerMcp(got);
      response.writeHead(status, body && { 'content-type': 'application/json' }).end(body && JSON.stringify(body));
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(completion(`Answer ${received.length} of the stand-in model.`)));
  });
  server.on('upgrade', (request, socket) => {
    received.push(requestOf(request, Buffer.of()));
    socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    received,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function requestOf({ method = '', url = '', headers, rawHeaders }: IncomingMessage, body: Buffer): UpstreamRequest {
  return { method, url, headers, rawHeaders, body };
}

/** Shape after OpenAI's API reference, "The chat completion object". */
function completion(content: string) {
  return {
    id: 'chatcmpl-stand-in',
    object: 'chat.completion',
    created: 1,
    model: 'stand-in',
    choices: [
      { index: 0, message: { role: 'assistant', content, refusal: null }, finish_reason: 'stop', logprobs: null },
    ],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  };
}
