import { InvalidArgumentError } from 'commander';
import { keyLeavesBelow } from '../audit/signing/named-keys.js';
import { consistencyProof } from '../audit/tree/proofs.js';
import { recoverPeaks } from '../audit/tree/recover-edge.js';
import { parseStatement } from '../audit/verify/checkpoints.js';
import { newestHead } from '../audit/verify/head-slots.js';
import { parseNote } from '../audit/verify/signed-note.js';
import { canonicalJson } from '../kernel/canonical-json.js';
import { JiminiError } from '../kernel/errors.js';
import type { LogCopy } from '../storage/log-copy.js';
import { startOfCopy } from './log-boundary.js';

/** The leaves of one day, and what shows that they are a part of the log. */
export interface DaySegment {
  /** First leaf, and the one behind the last. */
  readonly first: number;
  readonly end: number;
  /** Files that go beside the leaves; absent = there is no such file. */
  readonly files: Readonly<Record<'checkpoint' | 'key.pub' | 'segment.json' | 'keys.jsonl', Uint8Array | undefined>>;
  leaves(): AsyncIterable<Uint8Array>;
}

/** Reads `YYYY-MM-DD`. */
export function parseDay(text: string): string {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isFinite(ms) && new Date(ms).toISOString().startsWith(text)) return text;
  throw new InvalidArgumentError('Expected a day as YYYY-MM-DD.');
}

/**
 * The segment of a day (UTC): from the first leaf of that day to the last. Where the clock was set back, leaves of other days stand between
 * them. Rejects with `JIMINI_USAGE` when there is none, or no checkpoint covers all of it.
 */
export async function segmentOf({ log, beside }: LogCopy, day: string): Promise<DaySegment> {
  const { firstSeq } = await startOfCopy(log);
  const { first, end, logId } = await rangeOf(log, day, firstSeq);
  const head = newestHead([beside.get('checkpoint.a'), beside.get('checkpoint.b')]);
  const note = 'why' in head ? undefined : head.checkpoint;
  const size = note ? sizeOf(note) : 0;
  if (!note || size < end) {
    const covered = `${size} leaves are signed, and the day ends with leaf ${end - 1}`;
    throw new JiminiError('JIMINI_USAGE', `the leaves of ${day} are not all signed yet: ${covered}: try again`);
  }
  const hexes = (hashes: readonly Uint8Array[]) => hashes.map((hash) => Buffer.from(hash).toString('hex'));
  const segment = {
    v: 1,
    log_id: logId,
    day,
    first,
    end,
    peaks: hexes(await recoverPeaks(log, first)),
    consistency: hexes(await consistencyProof(log, end, size)),
  };
  const keyLeaves = await keyLeavesBelow(log, firstSeq, size);
  const outside = keyLeaves.filter(({ seq }) => seq < first || seq >= end);
  return {
    first,
    end,
    files: {
      checkpoint: note,
      'key.pub': beside.get('key.pub'),
      'segment.json': Buffer.from(`${canonicalJson(segment)}\n`),
      'keys.jsonl': outside.length === 0 ? undefined : Buffer.concat(outside.flatMap(({ bytes }) => [bytes, NEWLINE])),
    },
    async *leaves() {
      for await (const { seq, bytes } of log.rowsFrom(first)) {
        if (seq >= end) return;
        yield bytes;
      }
    },
  };
}

const NEWLINE = Buffer.from('\n');

async function rangeOf(log: LogCopy['log'], day: string, firstSeq: number) {
  const fromMs = Date.parse(`${day}T00:00:00Z`);
  const toMs = fromMs + 24 * 60 * 60 * 1000;
  let first: number | undefined;
  let end = 0;
  let logId = '';
  for await (const { seq, bytes } of log.rowsFrom(firstSeq)) {
    const leaf = placeOf(seq, bytes);
    if (leaf.time_ms < fromMs || leaf.time_ms >= toMs) continue;
    first ??= seq;
    end = seq + 1;
    logId = leaf.log_id;
  }
  if (first !== undefined) return { first, end, logId };
  throw new JiminiError('JIMINI_USAGE', `the log has no leaves of ${day} (UTC)`);
}

function placeOf(seq: number, bytes: Uint8Array): { readonly time_ms: number; readonly log_id: string } {
  try {
    const { time_ms, log_id } = JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>;
    if (typeof time_ms === 'number' && typeof log_id === 'string') return { time_ms, log_id };
  } catch {
    // Told below.
  }
  throw new JiminiError('JIMINI_USAGE', `the leaf ${seq} is damaged: run \`jimini log verify\``);
}

function sizeOf(note: Uint8Array): number {
  const parsed = parseNote(note);
  const statement = 'why' in parsed ? parsed : parseStatement(parsed.text);
  return 'why' in statement ? 0 : statement.size;
}
