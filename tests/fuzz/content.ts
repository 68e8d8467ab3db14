import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import type { Reading } from '../../sidecar/content/draft.js';
import { readContent } from '../../sidecar/content/read-content.js';
import { GAP_KINDS } from '../../sidecar/kernel/gap.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { corpus, type FuzzBody } from './corpus.js';
import type { FuzzResult } from './fuzz-result.js';
import { mutated } from './mutator.js';
import { createRandom } from './random.js';

/** How much is to be tried: inputs, or as many as there are in so much time. */
export interface ContentFuzzOptions {
  readonly runs: number;
  readonly seed: number;
  /** Ends before `runs` when so much time has passed; absent = never. */
  readonly msMax?: number;
}

/** CPU time that no input may take; all of them are at most 64 KiB, or a little more. */
const INPUT_MS_MAX = 50;
/** Reading again tells a slow input from a moment at which the machine was busy. */
const SLOW_READS = 10;
/** What decoders hold outside of the heap is given back between turns only; without them the collector runs all the time. */
const YIELD_EVERY = 1000;
const OPTIONS = { credentialQueryNames: new Set<string>() };

/** Bodies of all formats with a few changes. The input number `n` of seed `s` is the first one of seed `s + n`. */
export async function fuzzMutated(options: ContentFuzzOptions): Promise<FuzzResult> {
  const bodies = corpus();
  return fuzz(options, (seed) => mutated(bodies, createRandom(seed)));
}

const anyBody = fc.record({
  bytes: fc.oneof(
    fc.json({ stringUnit: 'binary' }).map((text) => Buffer.from(text)),
    fc.string({ unit: 'binary', maxLength: 200 }).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 200 }),
  ),
  contentType: fc.oneof(fc.constantFrom('application/json', '', 'text/plain; charset=latin1'), fc.string()),
  contentEncoding: fc.oneof(fc.constant(''), fc.constantFrom('gzip', 'br', 'identity'), fc.string()),
});

/** Bodies that fast-check makes of nothing: any JSON, any text, any bytes, any headers. */
export async function fuzzGenerated(options: ContentFuzzOptions): Promise<FuzzResult> {
  return fuzz(options, (seed) => fc.sample(anyBody, { numRuns: 1, seed })[0] as FuzzBody);
}

async function fuzz(
  { runs, seed, msMax = Number.POSITIVE_INFINITY }: ContentFuzzOptions,
  draw: (seed: number) => FuzzBody,
): Promise<FuzzResult> {
  const failures: string[] = [];
  let done = 0;
  let withText = 0;
  let inside = 0;
  let slowestMs = 0;
  const startMs = performance.now();
  for (; done < runs && performance.now() - startMs < msMax; done++) {
    if (done % YIELD_EVERY === 0) await nextTurn();
    const body = draw(seed + done);
    const fail = (what: string) => failures.push(`seed ${seed + done}: ${what}: ${shown(body)}`);
    try {
      const readMs = performance.now();
      const reading = read(body);
      let tookMs = performance.now() - readMs;
      if (tookMs > INPUT_MS_MAX) tookMs = await leastCpuMs(body);
      if (tookMs > INPUT_MS_MAX) fail(`${tookMs.toFixed(0)} ms`);
      slowestMs = Math.max(slowestMs, tookMs);
      if (reading.segments.some(({ text }) => text !== '')) withText++;
      if (reading.segments.some(({ pointer }) => pointer !== '')) inside++;
      for (const fault of faultsOf(body, reading)) fail(fault);
    } catch (error) {
      fail(`throws ${String(error)}`);
    }
  }
  const seconds = (performance.now() - startMs) / 1000;
  const share = (count: number) => `${((100 * count) / done).toFixed(1)} %`;
  const figures = {
    'reach a segment': share(withText),
    'reach one inside a structure': share(inside),
    'inputs a second': (done / seconds).toFixed(0),
    slowest: `${slowestMs.toFixed(1)} ms`,
  };
  if (withText < done * SEGMENT_SHARE_MIN) failures.push(`only ${share(withText)} of the inputs reach a segment`);
  return { runs: done, failures, figures };
}

/** With a smaller share most of the work would go into inputs that are turned away at once. */
const SEGMENT_SHARE_MIN = 0.3;

function read(body: FuzzBody): Reading {
  return readContent([{ kind: 'body', ...body }], OPTIONS);
}

/** What is wrong with a reading, whatever the body. */
function faultsOf({ bytes, contentType, contentEncoding }: FuzzBody, { segments, gaps }: Reading): string[] {
  const faults: string[] = [];
  if (segments.length === 0 && gaps.length === 0 && saysSomething({ bytes, contentType, contentEncoding }))
    faults.push('neither read nor named');
  if (gaps.some(({ kind }) => !Object.hasOwn(GAP_KINDS, kind))) faults.push('a gap that there is not');
  if (segments.some(({ pointer }) => pointer.length > LIMITS.pointerCharsMax + 1))
    faults.push('a pointer that is too long');
  if (contentType === 'application/json' && contentEncoding === '')
    faults.push(...faultsOfJson(bytes, { segments, gaps }));
  return faults;
}

/**
 * Whether there are letters in a body beside those of literals: brackets and short numbers need no segment, nor does a
 * multipart body without parts.
 */
function saysSomething({ bytes, contentType, contentEncoding }: FuzzBody): boolean {
  const text = Buffer.from(bytes)
    .toString()
    .replaceAll(/true|false|null|\d[eE]/g, '');
  return contentEncoding === '' && !/multipart/i.test(contentType) && /\p{L}/u.test(text);
}

/** What the standard parser says of the same JSON. */
function faultsOfJson(bytes: Uint8Array, { segments, gaps }: Reading): string[] {
  const kinds = new Set(gaps.map(({ kind }) => kind));
  if (kinds.has('charset:unknown') || kinds.has('body:undecodable') || kinds.has('json:depth') || bytes.length === 0)
    return [];
  const { ok, value } = parsed(bytes);
  if (ok === undefined) return [];
  if (ok === kinds.has('json:malformed')) return [`well-formed is ${ok}, and the gaps are [${[...kinds]}]`];
  if (!ok) return [];
  const texts = new Set(segments.map(({ text }) => text));
  return [...stringsOf(value)].some((text) => !texts.has(text)) ? ['a string that is no segment'] : [];
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/** `ok` is undefined for bytes that are not plain UTF-8, of which the readers say each what they think. */
function parsed(bytes: Uint8Array): { ok: boolean | undefined; value?: unknown } {
  if (bytes[0] === 0xef || bytes[0] === 0xff || bytes[0] === 0xfe) return { ok: undefined };
  let text: string;
  try {
    text = UTF_8.decode(bytes);
  } catch {
    return { ok: undefined };
  }
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}

function* stringsOf(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      if (!Array.isArray(value)) yield name;
      yield* stringsOf(member);
    }
  }
}

/** Ends as soon as one reading is fast enough. */
async function leastCpuMs(body: FuzzBody): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < SLOW_READS && least > INPUT_MS_MAX; i++) {
    await nextTurn();
    const before = process.cpuUsage();
    read(body);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

function shown({ bytes, contentType, contentEncoding }: FuzzBody): string {
  return JSON.stringify([contentType, contentEncoding, Buffer.from(bytes.subarray(0, 300)).toString('latin1')]);
}
