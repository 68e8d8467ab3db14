import type { UpstreamRequest } from './upstream.js';

/** What a server of MCP says over HTTP. */
type Answer = { readonly status: number; readonly body?: object };

/**
 * A stand-in for a server of MCP with one tool that says back what it is told, as much of the protocol as a client needs to
 * connect (modelcontextprotocol.io/specification/2025-06-18/basic/lifecycle).
 */
export function answerMcp({ method, body }: UpstreamRequest): Answer {
  if (method !== 'POST') return { status: 405 };
  const call: Call = JSON.parse(body.toString());
  if (call.id === undefined) return { status: 202 };
  const result = resultOf(call);
  const answer = result ? { result } : { error: { code: -32601, message: 'Method not found' } };
  return { status: 200, body: { jsonrpc: '2.0', id: call.id, ...answer } };
}

/** What is read of a call. */
interface Call {
  readonly id?: number;
  readonly method: string;
  readonly params: { readonly protocolVersion?: string; readonly arguments?: { readonly text?: string } };
}

function resultOf({ method, params }: Call): object | undefined {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'stand-in', version: '1' },
      };
    case 'tools/list':
      return { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] };
    case 'tools/call':
      return { content: [{ type: 'text', text: params.arguments?.text }] };
    default:
      return undefined;
  }
}
