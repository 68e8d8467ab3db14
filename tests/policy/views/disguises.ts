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
  'code point escapes': (text) => text.replace(/[io]/g, (one) => `\\u{${one.charCodeAt(0).toString(16)}}`),
  'octal escapes': (text) => text.replace(/[aeio1]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, '0')}`),
  'percent u escapes': (text) => text.replace(/[aeio1]/g, (one) => `%u00${one.charCodeAt(0).toString(16)}`),
  'references without a semicolon': (text) => text.replace(/[aeio1](?![0-9])/g, (one) => `&#${one.charCodeAt(0)}`),
  'control characters within words': (text) => text.replace(/[aio1]/g, '$&\x01'),
  'zero-width spaces for spaces': (text) => text.replaceAll(' ', '\u200b'),
  'blank Braille patterns for spaces': (text) => text.replaceAll(' ', '\u2800'),
  'Hangul fillers for spaces': (text) => text.replaceAll(' ', '\u3164'),
  'interlinear annotation marks': (text) => text.replace(/[ao1]/g, '$&\ufff9'),
  'regional indicators': (text) => pictured(text, 0x1f1e6),
  'negative squared letters': (text) => pictured(text, 0x1f170),
  'small capitals': (text) =>
    text.replace(/[a-z]/g, (one) => 'ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀsᴛᴜᴠᴡxʏᴢ'[one.charCodeAt(0) - 97] ?? ''),
  base64: (text) => base64(text),
  'base64 for URLs': (text) => base64(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
  'base64 in lines': (text) => base64(`${text} ${text}`).replace(/.{60}/g, '$&\n'),
  'base64 twice': (text) => base64(base64(text)),
  hexadecimal: (text) => Buffer.from(text).toString('hex'),
  'an alphabet moved on by three': (text) => moved(text, 3),
  'an alphabet moved on by nine': (text) => moved(text, 9),
  'an alphabet moved back by one': (text) => moved(text, 25),
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
  'tags within words': (text) => text.replace(/([a-z]{2})([a-z])/g, '$1<b>$2</b>'),
  leetspeak: (text) => text.replaceAll('o', '0').replaceAll('i', '1').replaceAll('e', '3'),
};

/** The text with every ASCII letter moved on by this number in the alphabet. */
export function moved(text: string, by: number): string {
  return text.replace(/[a-z]/gi, (one) => {
    const first = one < 'a' ? 65 : 97;
    return point(first + ((one.charCodeAt(0) - first + by) % 26));
  });
}

function point(codePoint: number): string {
  return String.fromCodePoint(codePoint);
}

/** ASCII letters as those of an alphabet that has capitals only. */
function pictured(text: string, first: number): string {
  return text.toUpperCase().replace(/[A-Z]/g, (one) => point(first + one.charCodeAt(0) - 65));
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function selector(byte: number): string {
  return point(byte < 16 ? 0xfe00 + byte : 0xe0100 + byte - 16);
}
