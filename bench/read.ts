import { readContent } from '../sidecar/content/read-content.js';
import { agentBody } from './agent-body.js';
import { interleaved } from './interleaved.js';
import { median } from './statistics.js';

const KIB = 1024;
/** What a short question, a short session and the longest one send; the last is just below the largest body that is read. */
const SIZES_BYTES = [2 * KIB, 200 * KIB, 32 * KIB * KIB - 16 * KIB] as const;
/** So much is read before anything is measured, or the compiler's work would be a part of it. */
const WARM_UP_BYTES = 64 * KIB * KIB;
const OPTIONS = { credentialQueryNames: new Set<string>() };

/** What it costs to read a body of one size to segments. */
export interface ReadCost {
  readonly bytes: number;
  readonly segments: number;
  /** CPU time of one reading, and of the standard parser over the same bytes, microseconds. */
  readonly readMicros: number;
  readonly parseMicros: number;
  readonly ratio: number;
  readonly ratios: readonly number[];
}

export interface ReadResult {
  readonly sizes: readonly ReadCost[];
  /** Cost of a byte of the largest body over that of a byte of the middle one: 1 is linear. */
  readonly growth: number;
}

/** CPU time of reading requests of coding agents from bytes to segments, against JSON.parse of them. Rounds alternate. */
export function measureRead(rounds: number): ReadResult {
  const sizes = SIZES_BYTES.map((size) => readCost(agentBody(size), rounds));
  const perByte = sizes.map(({ readMicros, bytes }) => readMicros / bytes);
  return { sizes, growth: (perByte[2] ?? Number.NaN) / (perByte[1] ?? Number.NaN) };
}

function readCost(bytes: Buffer, rounds: number): ReadCost {
  const content = [{ kind: 'body', bytes, contentType: 'application/json', contentEncoding: '' }] as const;
  const read = () => readContent(content, OPTIONS);
  for (let done = 0; done < WARM_UP_BYTES; done += bytes.length) read();
  const [reads = [], parses = []] = interleaved(rounds, [read, () => void JSON.parse(bytes.toString())]);
  const { segments, gaps } = read();
  if (gaps.length > 0) throw new Error(`the body is not read whole: ${gaps[0]?.kind}`);
  const ratios = reads.map((own, i) => own / (parses[i] ?? Number.NaN));
  return {
    bytes: bytes.length,
    segments: segments.length,
    readMicros: median(reads),
    parseMicros: median(parses),
    ratio: median(ratios),
    ratios,
  };
}
