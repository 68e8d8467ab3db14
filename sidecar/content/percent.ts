import { isUtf8 } from 'node:buffer';

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
