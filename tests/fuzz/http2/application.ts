import type { RequestListener, ServerStream } from '../../../sidecar/server/http2/server-stream.js';
import { headerBlock } from '../../server/raw-http2.js';

/** What the layer above does with a request. */
export type Behaviour = (typeof BEHAVIOURS)[number];
export const BEHAVIOURS = [
  'at once',
  'at the end',
  'later',
  'in pieces',
  'nothing but headers',
  'stop',
  'reset',
  'silence',
] as const;

/** What it was told to do, and what it got. */
export interface Served {
  readonly behaviour: Behaviour;
  readonly answerBytes: number;
  readonly body: Buffer[];
  stream?: ServerStream;
  isEnded: boolean;
}

const OK = headerBlock({ ':status': '200' });
const TRAILERS = headerBlock({ 'x-trailer': 'whole' });
const PIECE_BYTES = 1000;

/** Does with the n-th request what the n-th member of the list says. */
export function application(next: () => Served): RequestListener {
  return (stream) => {
    const served = next();
    const { behaviour, answerBytes } = served;
    served.stream = stream;
    const answer = () => {
      stream.respond(OK, false);
      stream.write(Buffer.alloc(answerBytes));
      stream.end(TRAILERS);
    };
    if (behaviour === 'at once') answer();
    if (behaviour === 'nothing but headers') stream.respond(OK, true);
    if (behaviour === 'stop') {
      stream.stopReceiving();
      answer();
    }
    return {
      onData(piece) {
        served.body.push(Buffer.from(piece));
        if (behaviour === 'reset') stream.reset(8);
      },
      onEnd() {
        served.isEnded = true;
        if (behaviour === 'at the end') answer();
        if (behaviour === 'later') setImmediate(answer);
        if (behaviour === 'in pieces') inPieces(stream, answerBytes);
        if (behaviour === 'reset') stream.reset(8);
      },
      onClose() {},
    };
  };
}

function inPieces(stream: ServerStream, bytes: number): void {
  let left = bytes;
  const more = () => {
    if (left === 0) return stream.end(TRAILERS);
    const size = Math.min(left, PIECE_BYTES);
    left -= size;
    stream.write(Buffer.alloc(size), more);
  };
  stream.respond(OK, false);
  more();
}
