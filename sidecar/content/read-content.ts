import { assertNever } from '../kernel/assert-never.js';
import type { Content } from '../kernel/evaluation.js';
import { LIMITS } from '../kernel/limits.js';
import { readBody } from './body.js';
import { addText, createDraft, type Draft, isFull, type Reading, readingOf } from './draft.js';
import { percentDecoded } from './percent.js';
import { readPlainText } from './plain-text.js';
import { readQuery, readSlug } from './query.js';

/** What the configuration says about reading. */
export interface ContentOptions {
  /** Lower-case names of query parameters whose values are not content; a name that ends in `*` is a prefix. */
  readonly credentialQueryNames: ReadonlySet<string>;
}

/**
 * Turns the raw content of one evaluation into text with places, and names whatever could not be read.
 * Pure: the same content gives the same reading. Never throws; time and memory are linear in the content, and in what
 * coded bodies unpack to: at most `decodedBytesMax` each, else the gap `coding:too_large`.
 */
export function readContent(content: readonly Content[], options: ContentOptions, decodedBytesMax?: number): Reading {
  const draft = createDraft();
  for (const piece of content) readPiece(draft, piece, options, decodedBytesMax);
  return readingOf(draft);
}

/** A text is bounded like the body that it could have come in. UTF-8 takes at most three bytes a UTF-16 unit. */
function isTooLarge(text: string): boolean {
  return text.length * 3 > LIMITS.bodyBytesMax && Buffer.byteLength(text) > LIMITS.bodyBytesMax;
}

/**
 * No path of an API holds white space, so that one which does says something. Others are names of models, ids and, for some services,
 * keys, if they do not read as sentences or as the groups of a number.
 */
function readPath(draft: Draft, raw: string): void {
  const text = percentDecoded(raw).toString('utf8');
  if (/\s/.test(text)) addText(draft, text, 'path:');
  for (const name of text.split('/')) {
    if (isFull(draft)) return;
    readSlug(draft, name, 'path:');
  }
}

function readPiece(draft: Draft, piece: Content, options: ContentOptions, decodedBytesMax?: number): void {
  switch (piece.kind) {
    case 'text':
      if (isTooLarge(piece.text)) draft.gaps.add('body:too_large');
      else readPlainText(draft, piece.text, '');
      break;
    case 'body':
      readBody(draft, piece, decodedBytesMax);
      break;
    case 'query':
      readQuery(draft, piece.raw, options.credentialQueryNames);
      break;
    case 'path':
      readPath(draft, piece.raw);
      break;
    default:
      assertNever(piece);
  }
}
