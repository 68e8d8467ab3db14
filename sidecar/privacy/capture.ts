import { type CanonicalValue, canonicalJson } from '../kernel/canonical-json.js';
import type { Capture, Direction, Finding, Mark } from '../kernel/evaluation.js';
import { LIMITS } from '../kernel/limits.js';
import { commitmentOfHashes, spanHash, spanNonce, spanSeed } from './commitment.js';
import { type DocumentSpan, documentSpans, type SpanKind } from './document.js';

/** What is to be made of the content of one evaluation, wherever it is judged. */
export interface CaptureOrder {
  /** Of the record: 32 fresh random bytes. */
  readonly seed: Uint8Array;
  readonly field: ContentField;
  readonly capture: Capture;
}

/** Content on its way to the model, or coming back. */
export type ContentField = 'req' | 'resp';

/** The field that content of a direction belongs to; one that is not stated counts as on its way to the model. */
export function contentFieldOf(direction: Direction): ContentField {
  return direction === 'outbound' ? 'resp' : 'req';
}

/** A span as a payload or a view of it tells it: its bytes, or only their hash. */
export type ToldSpan =
  | { readonly kind: SpanKind; readonly text: string }
  | { readonly kind: SpanKind; readonly hash: string; readonly length: number };

/** The content of one evaluation as its payload tells it. */
export interface ToldContent {
  readonly field: ContentField;
  /** The first span of the field, always told: where rules matched, canonical JSON without matched text. */
  readonly findings: string;
  readonly spans: readonly ToldSpan[];
}

/** What was made of the content of one evaluation. */
export interface CapturedContent {
  /** For the leaf, 64 hex digits. */
  readonly commitment: string;
  readonly told: ToldContent;
}

/** What was judged, and where rules matched. */
export interface JudgedContent {
  readonly texts: readonly string[];
  readonly marks: readonly Mark[];
  readonly findings: readonly Finding[];
}

/**
 * Commits to what was judged and keeps as much of it as the order says, at most `LIMITS.capturedBytesMax` of text: of a span
 * that has no room only the hash is told. Undefined when there was no text. Pure.
 */
export function captureContent(content: JudgedContent, order: CaptureOrder): CapturedContent | undefined {
  const { texts, marks, findings } = content;
  if (texts.length === 0) return undefined;
  const seed = spanSeed(order.seed);
  const { field, capture } = order;
  const hashOf = (index: number, bytes: Uint8Array) => spanHash(field, spanNonce(seed, field, index), bytes);
  const findingsText =
    findings.length === 0 ? '[]' : canonicalJson(findings.slice(0, LIMITS.capturedFindingsMax).map(toldFinding));
  const hashes = [hashOf(0, Buffer.from(findingsText))];
  const spans: ToldSpan[] = [];
  let room: number = LIMITS.capturedBytesMax;
  for (const { kind, bytes } of documentSpans(texts, marks)) {
    const hash = hashOf(hashes.length, bytes);
    hashes.push(hash);
    const isTold = isKept(kind, capture) && bytes.length <= room;
    if (isTold) room -= bytes.length;
    spans.push(isTold ? toldText({ kind, bytes }) : { kind, hash: hash.toString('hex'), length: bytes.length });
  }
  return { commitment: commitmentOfHashes(field, hashes), told: { field, findings: findingsText, spans } };
}

function toldText({ kind, bytes }: DocumentSpan): ToldSpan {
  return { kind, text: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8') };
}

/** Canonical JSON knows no fractions and no lone surrogates, which a pointer may have from the name of a member. */
function toldFinding({ ruleId, pack, packDigest, pointer, start, end, validator, score }: Finding): CanonicalValue {
  return {
    rule: ruleId,
    pack,
    pack_digest: packDigest,
    pointer: pointer.toWellFormed(),
    start,
    end,
    validator,
    score_permille: Math.round(score * 1000),
  };
}

function isKept(kind: SpanKind, capture: Capture): boolean {
  switch (capture) {
    case 'none':
      return false;
    case 'findings':
      return kind === 'near';
    case 'findings-verbatim':
      return kind !== 'plain';
    case 'full':
      return true;
  }
}
