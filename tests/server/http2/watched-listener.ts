import type { RequestListener, ServerStream, StreamListener } from '../../../sidecar/server/http2/server-stream.js';

/** What a connection did that `server-stream.ts` says it does not, as sentences; and the streams that were not closed yet. */
export interface Watch {
  readonly faults: string[];
  readonly open: Set<ServerStream>;
}

/** A listener that hears the same, and notes what is against the contract. It also calls every method of a stream that is over. */
export function watched(listen: RequestListener, { faults, open }: Watch): RequestListener {
  return (stream) => {
    let isEnded = false;
    const note = (what: string) => {
      if (!faults.includes(what)) faults.push(what);
    };
    for (const name of [':method', ':path']) if (!stream.headers.get(name)) note(`a request without ${name}`);
    const isOver = () => !open.has(stream);
    open.add(stream);
    const listener = listen(stream);
    return {
      onData(piece) {
        if (isOver()) note('onData after onClose');
        if (isEnded) note('onData after onEnd');
        listener.onData(piece);
      },
      onEnd() {
        if (isOver()) note('onEnd after onClose');
        if (isEnded) note('onEnd twice');
        isEnded = true;
        listener.onEnd();
      },
      onClose() {
        if (isOver()) note('onClose twice');
        open.delete(stream);
        if (!stream.closed) note('not closed in onClose');
        listener.onClose();
        useAfterClose(stream, note);
      },
    } satisfies StreamListener;
  };
}

function useAfterClose(stream: ServerStream, note: (what: string) => void): void {
  try {
    stream.respond(Buffer.alloc(1), false);
    stream.write(Buffer.from('late'), () => note('onSent after onClose'));
    stream.stopReceiving();
    stream.end(Buffer.alloc(1));
    stream.reset(8);
  } catch (error) {
    note(`a closed stream throws ${String(error)}`);
  }
}
