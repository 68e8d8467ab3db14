import { createHash } from 'node:crypto';

/** Where a list of leaves goes on. */
export interface PageCursor {
  readonly next: number;
  /** End of the range, fixed by the first page. */
  readonly end: number;
  /** Leaves that passed on the pages before. */
  readonly passed: number;
}

/** What a list was asked for: a token is good for the same question only. */
export interface PageQuestion {
  readonly firstSeq: bigint;
  readonly endSeq: bigint;
  readonly kinds: readonly string[];
}

const TOKEN = /^1\.(0|[1-9]\d{0,15})\.(0|[1-9]\d{0,15})\.(0|[1-9]\d{0,15})\.([0-9a-f]{16})$/;

/** The cursor as text that callers hand back. */
export function formatPageToken({ next, end, passed }: PageCursor, question: PageQuestion): string {
  return `1.${next}.${end}.${passed}.${digestOf(question)}`;
}

/** Reads a token; undefined for one that this question cannot have got from a log of `size` leaves. Who makes one up deceives himself only. */
export function parsePageToken(text: string, question: PageQuestion, size: number): PageCursor | undefined {
  const match = TOKEN.exec(text);
  if (match?.[4] !== digestOf(question)) return undefined;
  const [next, end, passed] = match.slice(1, 4).map(Number) as [number, number, number];
  const examined = next - Number(question.firstSeq);
  return examined >= 0 && passed <= examined && next <= end && end <= size ? { next, end, passed } : undefined;
}

function digestOf({ firstSeq, endSeq, kinds }: PageQuestion): string {
  const text = JSON.stringify([String(firstSeq), String(endSeq), ...kinds]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
