import { LIMITS } from '../../sidecar/kernel/limits.js';

/** What came back, or why nothing did. */
export type Posted =
  | {
      readonly status: number;
      readonly contentType: string;
      /** `Retry-After` as sent. */
      readonly retryAfter: string | undefined;
      readonly body: Uint8Array;
    }
  | { readonly fault: 'timeout' | 'unreachable' | 'too_large' };

/**
 * Posts the body of an add-checkpoint request (C2SP tlog-witness) to a witness. `url` is its submission prefix. Follows no
 * redirect, reads at most `LIMITS.witnessAnswerBytesMax` bytes, decompressed, and takes `LIMITS.witnessTimeoutMs` at most.
 * Never rejects.
 */
export async function postCheckpoint(url: string, body: Uint8Array, ended: AbortSignal): Promise<Posted> {
  const inTime = AbortSignal.timeout(LIMITS.witnessTimeoutMs);
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}/add-checkpoint`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', 'user-agent': 'jimini' },
      body: Buffer.from(body),
      redirect: 'manual',
      signal: AbortSignal.any([inTime, ended]),
    });
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      // Leaving the loop cancels the body, and with it the transfer.
      if (length > LIMITS.witnessAnswerBytesMax) return { fault: 'too_large' };
      chunks.push(chunk);
    }
    return {
      status: response.status,
      contentType: response.headers.get('content-type') ?? '',
      retryAfter: response.headers.get('retry-after') ?? undefined,
      body: Buffer.concat(chunks),
    };
  } catch {
    return { fault: inTime.aborted ? 'timeout' : 'unreachable' };
  }
}
