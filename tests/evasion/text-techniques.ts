import { DISGUISES, WORD_DISGUISES } from '../policy/views/disguises.js';
import { type Techniques, textual } from './technique.js';

const INJECTION = ['injection'];

const point = (codePoint: number) => String.fromCodePoint(codePoint);
const base64 = (text: string) => Buffer.from(text).toString('base64');
const hex = (text: string) => Buffer.from(text).toString('hex');
/** Letters or digits moved to a block in which they stand in the same order. */
const moved = (what: RegExp, from: string, to: number) => (text: string) =>
  text.replace(what, (one) => point(to + one.charCodeAt(0) - from.charCodeAt(0)));
const spaced = (space: string) => (text: string) => text.replaceAll(' ', space);
const jsonTimes = (text: string, times: number) => {
  let made = text;
  for (let i = 0; i < times; i++) made = JSON.stringify({ note: made });
  return made;
};

/** Ways to write the text itself. */
export const TEXT_TECHNIQUES: Techniques = {
  ...Object.fromEntries(Object.entries(DISGUISES).map(([name, disguise]) => [name, textual(disguise)])),
  ...Object.fromEntries(Object.entries(WORD_DISGUISES).map(([name, disguise]) => [name, textual(disguise, INJECTION)])),
  'upper case': textual((text) => text.toUpperCase(), ['card', 'ssn', 'injection', 'scoped']),
  'alternating case': textual(
    (text) => [...text].map((one, i) => (i % 2 ? one.toUpperCase() : one.toLowerCase())).join(''),
    ['card', 'ssn', 'injection', 'scoped'],
  ),
  'base64 three deep': textual((text) => base64(base64(base64(text)))),
  'hexadecimal of base64': textual((text) => hex(base64(text))),
  'base64 of hexadecimal': textual((text) => base64(hex(text))),
  'base64 of percent encoding': textual((text) => base64(encodeURIComponent(text))),
  'base64 without padding in a sentence': textual((text) => `decode ${base64(text).replaceAll('=', '')} and do it`),
  'base64 in a data: URL': textual((text) => `data:text/plain;base64,${base64(text)}`),
  'a data: URL with percent encoding': textual((text) => `data:text/plain,${encodeURIComponent(text)}`),
  'a data: URL in a link': textual((text) => `[see](data:text/plain;base64,${base64(text)})`),
  'percent encoding of every byte': textual((text) =>
    [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  ),
  'percent encoding twice': textual((text) => encodeURIComponent(encodeURIComponent(text)).replaceAll('a', '%2561')),
  'references to every character': textual((text) => [...text].map((one) => `&#x${hex(one)};`).join('')),
  'named character references': textual((text) => text.replaceAll(' ', '&nbsp;').replaceAll('-', '&hyphen;')),
  'references with leading zeros': textual((text) => text.replace(/[aeio1]/g, (one) => `&#000${one.charCodeAt(0)};`)),
  'JSON in the text': textual((text) => jsonTimes(text, 1)),
  'JSON in the text, three deep': textual((text) => jsonTimes(text, 3)),
  'JSON in the text with every character escaped': textual(
    (text) => `{"note":"${[...text].map((one) => `\\u${hex(one).padStart(4, '0')}`).join('')}"}`,
  ),
  'bold mathematical digits': textual(moved(/\d/g, '0', 0x1d7ce)),
  'Arabic-Indic digits': textual(moved(/\d/g, '0', 0x660)),
  'extended Arabic-Indic digits': textual(moved(/\d/g, '0', 0x6f0)),
  'Devanagari digits': textual(moved(/\d/g, '0', 0x966)),
  'superscript digits': textual((text) => text.replace(/\d/g, (one) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(one)] ?? '')),
  'circled digits': textual((text) => text.replace(/[1-9]/g, (one) => point(0x245f + Number(one)))),
  'script letters': textual(moved(/[A-Z]/g, 'A', 0x1d4d0), ['token', 'injection']),
  'double-struck letters': textual(moved(/[a-z]/g, 'a', 0x1d552)),
  'fraktur letters': textual(moved(/[a-z]/g, 'a', 0x1d586)),
  'monospace letters': textual((text) => moved(/[a-z]/g, 'a', 0x1d68a)(moved(/[A-Z]/g, 'A', 0x1d670)(text))),
  'squared letters': textual((text) => moved(/[A-Z]/g, 'A', 0x1f130)(text.toUpperCase())),
  'negative circled letters': textual((text) => moved(/[A-Z]/g, 'A', 0x1f150)(text.toUpperCase())),
  'parenthesised letters': textual(moved(/[a-z]/g, 'a', 0x249c), INJECTION),
  'no-break spaces': textual(spaced('\u00a0')),
  'narrow no-break spaces': textual(spaced('\u202f')),
  'ideographic spaces': textual(spaced('\u3000')),
  'Ogham spaces': textual(spaced('\u1680')),
  'line separators': textual(spaced('\u2028')),
  'line ends for spaces': textual(spaced('\r\n'), ['card', 'ssn', 'injection', 'scoped']),
  'tabs for spaces': textual(spaced('\t')),
  'many spaces': textual(spaced('   '), INJECTION),
  'next lines for spaces': textual(spaced('\x85')),
  'word joiners': textual((text) => [...text].join('\u2060')),
  'byte order marks between letters': textual((text) => [...text].join('\ufeff')),
  'Mongolian vowel separators': textual((text) => text.replace(/[ao1]/g, '$&\u180e')),
  'invisible operators': textual((text) => text.replace(/[ao1]/g, '$&\u2063')),
  'right-to-left isolates': textual((text) => text.replace(/[ao1]/g, '\u2067$&\u2069')),
  'dashes of other kinds': textual((text) => text.replaceAll('-', '\u2011').replaceAll(' ', '\u2007')),
  'Armenian and Cherokee look-alikes': textual((text) => text.replaceAll('o', '\u0585').replaceAll('a', '\u0251')),
  'full-width with zero-width between': textual((text) =>
    [...text].map((one) => `${/[!-~]/.test(one) ? point(one.charCodeAt(0) + 0xfee0) : one}\u200d`).join(''),
  ),
  'emphasis within words': textual((text) => text.replace(/([a-z])([a-z]{2})/g, '$1**$2**'), INJECTION),
  'HTML comments within words': textual((text) => text.replace(/([a-z]{2})([a-z])/g, '$1<!-- -->$2')),
  'backslashes within words': textual((text) => text.replace(/([a-z])([g-m])/g, '$1\\$2'), INJECTION),
  'slashes between letters': textual((text) => [...text].join('/').replaceAll('/ /', ' '), INJECTION),
  'emoji between letters': textual((text) => [...text].join('\u{1f600}'), INJECTION),
  'underscores for spaces': textual(spaced('_'), INJECTION),
  'dots for spaces': textual(spaced('.'), INJECTION),
  'no spaces': textual(spaced(''), ['card', 'injection']),
  'the text backwards': textual((text) => [...text].reverse().join('')),
  'a word backwards, with nothing around it': textual(
    (text) => [...(/[A-Z0-9]{20}/.exec(text)?.[0] ?? text)].reverse().join(''),
    ['token'],
  ),
  'letters moved by three': textual((text) =>
    text.replace(/[a-z]/gi, (one) => {
      const first = one < 'a' ? 65 : 97;
      return point(first + ((one.charCodeAt(0) - first + 3) % 26));
    }),
  ),
  ROT13: textual((text) =>
    text.replace(/[a-z]/gi, (one) => point(one.charCodeAt(0) + (/[a-m]/i.test(one) ? 13 : -13))),
  ),
  'UTF-7': textual((text) => text.replace(/[aeio1]/g, (one) => `+${base64(`\0${one}`).replaceAll('=', '')}-`)),
  'quoted-printable': textual((text) => text.replace(/[aeio1]/g, (one) => `=${hex(one).toUpperCase()}`)),
  'decimal codes': textual((text) => [...text].map((one) => one.charCodeAt(0)).join(',')),
  'binary digits': textual((text) => [...text].map((one) => one.charCodeAt(0).toString(2).padStart(8, '0')).join(' ')),
};
