import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What one request brought. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly json: unknown;
}

/** Answers one request, well or badly. */
export type Behaviour = (response: ServerResponse, received: Received) => void;

/** A real HTTP server in the place of a model, on loopback. */
export interface StandIn {
  readonly url: string;
  readonly received: readonly Received[];
  /** How it answers from now on. */
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
}

export async function startStandIn(behaviour: Behaviour = says({})): Promise<StandIn> {
  let current = behaviour;
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const entry = {
      path: request.url ?? '',
      headers: request.headers,
      json: text === '' ? undefined : JSON.parse(text),
    };
    received.push(entry);
    current(response, entry);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/ask`,
    received,
    behave(next) {
      current = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** 200 with this as JSON. */
export function says(value: unknown): Behaviour {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
}

/** Any status, headers and body. */
export function answers(status: number, headers: Record<string, string> = {}, body: string | Buffer = ''): Behaviour {
  return (response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
}

/** Takes the request and never answers. */
export const hangs: Behaviour = () => {};

/** Answers as `then` does, later. */
export function after(ms: number, then: Behaviour): Behaviour {
  return (response, received) => {
    setTimeout(() => then(response, received), ms);
  };
}

/** A chat completion that says this. */
export function chat(content: unknown): Behaviour {
  return says({
    id: 'c',
    object: 'chat.completion',
    model: 'm',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content, refusal: null } }],
  });
}
