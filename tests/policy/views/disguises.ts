/** Ways to write a text so that people and models still read it. Each keeps letters, words and their order. */
export const DISGUISES: Readonly<Record<string, (text: string) => string>> = {
  'zero-width spaces': (text) => [...text].join('\u200b'),
  'soft hyphens': (text) => text.replaceAll('o', 'o\u00ad'),
  'bidi controls': (text) => `\u202d${text.replaceAll(' ', '\u202c \u202d')}`,
  'variation selectors': (text) => text.replaceAll('e', 'e\ufe0f'),
  'tags between letters': (text) => text.replaceAll('r', 'r\u{e0041}'),
  'combining marks': (text) => [...text].map((letter) => `${letter}\u0301\u0330`).join(''),
  'letters with accents': (text) => text.replaceAll('e', 'é').replaceAll('o', 'ö'),
  'Cyrillic look-alikes': (text) => text.replaceAll('o', '\u043e').replaceAll('e', '\u0435').replace('I', '\u0406'),
  'Greek look-alikes': (text) => text.replaceAll('o', '\u03bf').replaceAll('v', '\u03bd'),
  'mathematical letters': (text) => text.replace(/[a-z]/g, (one) => point(0x1d41a + one.charCodeAt(0) - 97)),
  'circled letters': (text) => text.replace(/[a-z]/g, (one) => point(0x24d0 + one.charCodeAt(0) - 97)),
  'full-width forms': (text) => text.replace(/[!-~]/g, (one) => point(one.charCodeAt(0) + 0xfee0)),
  'decimal character references': (text) => text.replace(/[io]/g, (one) => `&#${one.charCodeAt(0)};`),
  'references to references': (text) => text.replace(/[io]/g, (one) => `&amp;#x${one.charCodeAt(0).toString(16)};`),
  'percent encoding': (text) => encodeURIComponent(text).replaceAll('n', '%6e'),
  'JSON escapes': (text) => text.replace(/[io]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`),
  'C escapes': (text) => text.replace(/[io]/g, (one) => `\\x${one.charCodeAt(0).toString(16)}`),
  base64: (text) => base64(text),
  'base64 for URLs': (text) => base64(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
  'base64 in lines': (text) => base64(`${text} ${text}`).replace(/.{60}/g, '$&\n'),
  'base64 twice': (text) => base64(base64(text)),
  hexadecimal: (text) => Buffer.from(text).toString('hex'),
  'tags that nobody sees': (text) => `hello${[...text].map((one) => point(0xe0000 + one.charCodeAt(0))).join('')}`,
  'bytes behind an emoji': (text) => `\u{1f600}${Array.from(Buffer.from(text), selector).join('')}`,
};

/** Disguises of words, which only rules against injection see through. */
export const WORD_DISGUISES: Readonly<Record<string, (text: string) => string>> = {
  'single letters': (text) =>
    text
      .split(' ')
      .map((word) => [...word].join(' '))
      .join('   '),
  'single letters with dots': (text) =>
    text
      .split(' ')
      .map((word) => [...word].join('.'))
      .join(' '),
  leetspeak: (text) => text.replaceAll('o', '0').replaceAll('i', '1').replaceAll('e', '3'),
};

function point(codePoint: number): string {
  return String.fromCodePoint(codePoint);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function selector(byte: number): string {
  return point(byte < 16 ? 0xfe00 + byte : 0xe0100 + byte - 16);
}
