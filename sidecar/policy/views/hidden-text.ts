import { runEnd } from '../../kernel/run-end.js';
import { type MappedText, MappedTextWriter } from './mapped-text.js';

/** Tag characters, each an invisible copy of an ASCII character (Unicode 23.9). */
const TAGS = /[\u{e0020}-\u{e007e}]/gu;
/** Variation selectors 1 to 256, taken for the bytes 0 to 255 by those who hide text behind one visible character. */
const SELECTORS = /[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]{4}/gu;
const MORE_SELECTORS = /[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]{1,1000}/uy;

/** Texts that are written in characters which nobody sees and a model reads. */
export function hiddenTexts(text: string): MappedText[] {
  return [...ofTags(text), ...ofSelectors(text)];
}

function ofTags(text: string): MappedText[] {
  let out: MappedTextWriter | undefined;
  for (const { 0: tag, index } of text.matchAll(TAGS)) {
    out ??= new MappedTextWriter(64);
    out.write(String.fromCharCode((tag.codePointAt(0) as number) - 0xe0000), index, index + tag.length);
  }
  return out ? [out.finish()] : [];
}

function ofSelectors(text: string): MappedText[] {
  const found: MappedText[] = [];
  SELECTORS.lastIndex = 0;
  for (let start = SELECTORS.exec(text); start; start = SELECTORS.exec(text)) {
    const { index } = start;
    const run = text.slice(index, runEnd(text, SELECTORS.lastIndex, MORE_SELECTORS));
    SELECTORS.lastIndex = index + run.length;
    const decoded = Buffer.from(Array.from(run, byteOf)).toString('utf8');
    if (decoded.includes('\ufffd')) continue;
    const out = new MappedTextWriter(decoded.length);
    out.write(decoded, index, index + run.length);
    found.push(out.finish());
  }
  return found;
}

function byteOf(selector: string): number {
  const point = selector.codePointAt(0) as number;
  return point <= 0xfe0f ? point - 0xfe00 : point - 0xe0100 + 16;
}
