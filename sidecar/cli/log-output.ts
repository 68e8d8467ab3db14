import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** Writes and, when the reader is slower than we are, waits for it. Rejects with EPIPE when the reader has gone. */
export async function writeTo(stream: Writable, chunk: string | Uint8Array): Promise<void> {
  // `once` rejects on 'error', so that a failing stream neither hangs here nor ends the process from elsewhere.
  if (!stream.write(chunk)) await once(stream, 'drain');
  else if (stream.errored) throw stream.errored;
}

/** Standard output whose reader may go away (`| head`): the error is kept for `writeTo`, not thrown into the process. */
export function standardOutput(): Writable {
  if (process.stdout.listenerCount('error', ignore) === 0) process.stdout.on('error', ignore);
  return process.stdout;
}

function ignore(): void {}
