import { isUtf8 } from 'node:buffer';
import { runEnd } from '../kernel/run-end.js';

const PERCENT = 0x25;
const BYTES = /(?:%[0-9a-f]{2}){1,1000}/iy;
const lenient = new TextDecoder('utf-8');

/**
 * Decodes a component of a query string as forms write it: `+` is a space, `%XX` is a byte of UTF-8. A broken
 * sequence stays as it is; bytes that are no UTF-8 become U+FFFD and do not hide their neighbours. Never throws.
 */
export function decodeQueryComponent(component: string): string {
  const spaced = component.replaceAll('+', ' ');
  let decoded = '';
  let copied = 0;
  for (const [start, end] of sequencesOf(spaced)) {
    decoded += spaced.slice(copied, start) + lenient.decode(bytesOf(spaced.slice(start, end)));
    copied = end;
  }
  return copied === 0 ? spaced : decoded + spaced.slice(copied);
}

/** Whether all bytes that a form writes as `%XX` are UTF-8. */
export function isUtf8Percent(text: string): boolean {
  for (const [start, end] of sequencesOf(text)) if (!isUtf8(bytesOf(text.slice(start, end)))) return false;
  return true;
}

/** Where bytes are written as `%XX`, each as many as follow one another. */
function* sequencesOf(text: string): Generator<readonly [start: number, end: number]> {
  for (let at = text.indexOf('%'); at >= 0; ) {
    const end = runEnd(text, at, BYTES);
    if (end > at) yield [at, end];
    at = text.indexOf('%', Math.max(end, at + 1));
  }
}

function bytesOf(sequence: string): Buffer {
  return Buffer.from(sequence.replaceAll('%', ''), 'hex');
}

/** The bytes of a text in UTF-8 with every `%XX` undone, as URLs other than queries have it: `+` stays. */
export function percentDecoded(text: string): Buffer {
  const bytes = Buffer.from(text);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    let byte = bytes[at] as number;
    if (byte === PERCENT) {
      const value = hexDigit(bytes[at + 1]) * 16 + hexDigit(bytes[at + 2]);
      if (value >= 0) {
        byte = value;
        at += 2;
      }
    }
    bytes[length++] = byte;
  }
  return bytes.subarray(0, length);
}

/** NaN for what is none. */
function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return Number.NaN;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN;
}
