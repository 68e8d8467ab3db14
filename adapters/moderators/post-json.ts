import { LIMITS } from '../../sidecar/kernel/limits.js';
import { ModeratorFault } from './moderator.js';

/** Where a question is posted to. */
export interface PostTarget {
  readonly url: string;
  /** Sent as a bearer token; absent = none. */
  readonly key?: string;
}

/** Statuses of a service that works, but does not take this question: no reason to leave it alone. */
const REJECTED = [400, 413, 422];

/**
 * Posts JSON and reads the JSON of a 200. Follows no redirect, because the text and the key are meant for this address
 * only; reads at most `LIMITS.classifierAnswerBytesMax` bytes, decompressed. Rejects with a ModeratorFault for everything else.
 */
export async function postJson({ url, key }: PostTarget, question: object, signal: AbortSignal): Promise<unknown> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'user-agent': 'jimini',
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify(question),
      redirect: 'manual',
      signal,
    });
    if (response.status !== 200) throw await refusalOf(response);
    return parse(await readBounded(response));
  } catch (error) {
    if (error instanceof ModeratorFault) throw error;
    throw new ModeratorFault(signal.aborted ? 'timeout' : 'unreachable');
  }
}

async function refusalOf(response: Response): Promise<ModeratorFault> {
  await response.body?.cancel().catch(() => undefined);
  const kind = REJECTED.includes(response.status) ? 'rejected' : 'status';
  return new ModeratorFault(kind, response.headers.get('retry-after') ?? undefined);
}

async function readBounded(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    // Leaving the loop cancels the body, and with it the transfer.
    if (length > LIMITS.classifierAnswerBytesMax) throw new ModeratorFault('too_large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ModeratorFault('malformed');
  }
}

/** An own member of a parsed JSON object or array; undefined when there is none. */
export function memberOf(value: unknown, name: string | number): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string | number, unknown>)[name]
    : undefined;
}
