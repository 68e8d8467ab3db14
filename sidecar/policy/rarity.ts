/**
 * How rare a text of small letters is in ordinary prose, in bits: the sum of -log2 of how often each of its characters
 * occurs, less when it stands in one of the commonest words. English
 * letter frequencies (Lewand, Cryptological Mathematics, 2000) with a space every sixth character; everything else counts as
 * rare. An estimate is enough: it only decides which part of a pattern is looked for. It is exact below `most`, and over
 * it if the text has more.
 */
export function rarityBits(text: string, most = Number.POSITIVE_INFINITY): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += BITS[text.charCodeAt(i)] ?? OTHER_BITS;
  if (text.length > COMMON_CHARS_MAX || bits - COMMON_BITS >= most) return bits;
  return isCommon(text) ? bits - COMMON_BITS : bits;
}

/** Whether the text stands in COMMON, which a search by halves tells in a tenth of the time that one from its start takes. */
function isCommon(text: string): boolean {
  let [low, high] = [0, SORTED.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = compareAt(text, SORTED[middle] as number);
    if (order === 0) return true;
    if (order > 0) low = middle + 1;
    else high = middle;
  }
  return false;
}

/** Below, at or over zero as the text comes before, begins or comes after what stands at `start` in COMMON. */
function compareAt(text: string, start: number): number {
  for (let i = 0; i < text.length; i++) {
    const order = text.charCodeAt(i) - (COMMON_UNITS[start + i] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}

/** Percent of characters of English text, spaces included. */
const PERCENT: readonly (readonly [characters: string, percent: number])[] = [
  [' ', 17],
  ['e', 10.5],
  ['t', 7.5],
  ['a', 6.8],
  ['oin', 6],
  ['shr', 5.1],
  ['dl', 3.4],
  ['cum', 2.2],
  ['wfgy', 1.7],
  ['pb', 1.4],
  ['vk', 0.7],
  ['jxqz', 0.1],
];
/** Digits, signs and letters of other scripts. */
const OTHER_BITS = 7.5;
/** By ASCII code. */
const BITS = new Float64Array(0x80).fill(OTHER_BITS);
for (const [characters, percent] of PERCENT) {
  for (const one of characters) BITS[one.charCodeAt(0)] = -Math.log2(percent / 100);
}

/** Words that prompts and prose have everywhere. */
const COMMON = ` ${[
  'the and that have with this from they will would there their what about which when make like time just know take people',
  'into year your good some could them other than then look only come over think also back after use two how our work first',
  'well way even new want because any these give day most are was were been has had does did not but for you all can out get',
  'please write explain describe list example following using based between question answer text code function return value',
  'data file name number order user team project company business product service customer meeting note notes email message',
  'should must need help create provide include change before again keep leave review release search page month week feature',
  'short long paragraph paragraphs summary summarise summarize discuss discussion attached information system application',
  'each every many few several more less such same own where while during without within through under between against',
  'several people asked whether could remember visit agreed tried before write friendly tone names projects somebody attached',
  'really always never still again until since because through against around another though already almost everything',
  'thing things something anything nothing someone anyone everyone place world life hand part child point case large small',
  'government group problem fact important different possible available specific general great little early young public',
  'language english word words sentence article story essay letter email blog post title topic style character characters',
  'python java script class method object string array list loop error files test line lines program software computer model',
  'training learning science machine design process result results value values input output sales price cost money budget',
  'report reports plan plans goal goals strategy marketing health food water energy school student students teacher family',
  'today tomorrow yesterday morning evening night hour hours minute minutes second seconds months years days show tell give',
  'suggest improve compare translate generate analysis calculate identify provide content context details instructions step',
  'tion ation ment ness able ible ing ings ted ted ers ies ive ally ence ance ious tions ments',
].join(' ')} `;
/** The longest of them with a space before and behind. */
const COMMON_CHARS_MAX = 13;
const COMMON_UNITS = Uint8Array.from(COMMON, (char) => char.charCodeAt(0));
/** Every place in COMMON, in the order of what stands there. */
const SORTED = Uint16Array.from(Array.from(COMMON, (_, start) => start).sort(compareStarts));

function compareStarts(a: number, b: number): number {
  return compareAt(COMMON.slice(a, a + COMMON_CHARS_MAX), b);
}

/** What a common text is less rare by than its letters say. */
const COMMON_BITS = 10;
