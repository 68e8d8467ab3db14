import { isUtf8 } from 'node:buffer';

const PERCENT = 0x25;
const lenient = new TextDecoder('utf-8');

/**
 * Decodes a component of a query string as forms write it: `+` is a space, `%XX` is a byte of UTF-8. A broken
 * sequence stays as it is; bytes that are no UTF-8 become U+FFFD and do not hide their neighbours. Never throws.
 */
export function decodeQueryComponent(component: string): string {
  const spaced = component.replaceAll('+', ' ');
  return spaced.includes('%') ? spaced.replaceAll(/(?:%[0-9a-f]{2})+/gi, decodeBytes) : spaced;
}

/** Whether all bytes that a form writes as `%XX` are UTF-8. */
export function isUtf8Percent(text: string): boolean {
  return (
    !text.includes('%') || !(text.match(/(?:%[0-9a-f]{2})+/gi) ?? []).some((sequence) => !isUtf8(bytesOf(sequence)))
  );
}

function decodeBytes(sequence: string): string {
  return lenient.decode(bytesOf(sequence));
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
