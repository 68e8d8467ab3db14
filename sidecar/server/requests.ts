import { AdmittedCall } from './admitted-call.js';
import type { CallRules } from './call-rules.js';
import { failureAlone, NOT_GRPC, NOT_POST } from './grpc-answer.js';
import { status } from './grpc-status.js';
import { NOBODY, type RequestListener, type ServerStream, type StreamListener } from './http2/server-stream.js';

/** With a format of messages or parameters behind it, or without; gRPC-Web is another protocol (PROTOCOL-HTTP2.md, Content-Type). */
const GRPC_TYPE = /^application\/grpc(?:$|[+; ])/i;

const UNKNOWN_METHOD = failureAlone({
  code: status.UNIMPLEMENTED,
  details: 'the server does not implement this method',
});

/** Makes calls of requests, by the rules of the method that their path names. */
export function callsOf(rules: ReadonlyMap<string, CallRules>): RequestListener {
  return (stream) => {
    const { headers } = stream;
    if (headers.get(':method') !== 'POST') return dismiss(stream, NOT_POST);
    if (!GRPC_TYPE.test(headers.get('content-type') ?? '')) return dismiss(stream, NOT_GRPC);
    const rulesOfPath = rules.get(headers.get(':path') ?? '');
    if (!rulesOfPath) return dismiss(stream, UNKNOWN_METHOD);
    return new AdmittedCall(stream, rulesOfPath, performance.now());
  };
}

/** Answers a request that is no call of ours, whatever follows of it. */
function dismiss(stream: ServerStream, answer: Uint8Array): StreamListener {
  stream.respond(answer, true);
  stream.stopReceiving();
  return NOBODY;
}
