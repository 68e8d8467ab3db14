import { LIMITS } from '../kernel/limits.js';
import { decodeCodings, isCoded } from './content-coding.js';
import { type Draft, readUnder } from './draft.js';
import { type Frame, splitFrames } from './grpc-frames.js';
import type { FramedType } from './media-type.js';

/** Media types of what the messages of a framed body are written in; others are opaque. */
const MEDIA_TYPES: ReadonlyMap<string, string> = new Map([
  ['proto', 'application/protobuf'],
  ['json', 'application/json'],
]);

/** Reads one message as a body of its own. */
export type ReadMessage = (bytes: Uint8Array, mediaType: string) => void;

/**
 * Reads every message of a body of length-prefixed messages with `read`, under its number. A compressed one is undone by
 * the coding that the call names; all of them together may unpack to `decodedBytesMax`. False when the body is none;
 * then nothing was read.
 */
export function readFrames(
  draft: Draft,
  body: Uint8Array,
  { protocol, message }: FramedType,
  coding: { readonly name: string; readonly decodedBytesMax: number | undefined },
  read: ReadMessage,
): boolean {
  const frames = splitFrames(body, protocol);
  if (!frames) return false;
  let bytesLeft = coding.decodedBytesMax ?? LIMITS.bodyBytesMax;
  for (const [number, frame] of frames.entries()) {
    const bytes = decoded(draft, frame, coding.name, Math.max(1, bytesLeft));
    if (bytes === undefined) continue;
    if (frame.isCompressed) bytesLeft -= bytes.length;
    const mediaType = frame.isTrailers ? 'text/plain' : (MEDIA_TYPES.get(message) ?? 'application/octet-stream');
    readUnder(draft, `grpc:/${number}`, () => read(bytes, mediaType));
  }
  return true;
}

function decoded(draft: Draft, frame: Frame, coding: string, bytesMax: number): Uint8Array | undefined {
  if (!frame.isCompressed) return frame.bytes;
  const result = isCoded(coding) ? decodeCodings(frame.bytes, coding, bytesMax) : { gap: 'coding:unknown' as const };
  if ('bytes' in result) return result.bytes;
  draft.gaps.add(result.gap);
  return undefined;
}
