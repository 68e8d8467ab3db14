const DIGITS = /^\d[\d -]{2,18}$/;
/** As printed on cards. Numbers of other lengths beside one another are numbers of their own. */
const PRINTED = /^\d{4} (?:\d{4} \d{4} \d{4}|\d{6} \d{4,5})$/;
const GROUPS_MAX = 4;
const NONE: readonly string[] = [];

/** Texts in a row that are the groups of one card number and no more, written as one. More numbers in a row are a table. */
export function cardGroups(texts: readonly string[]): readonly string[] {
  let found: string[] | undefined;
  for (let first = 0; first < texts.length; first++) {
    if (!isDigits(texts[first] as string)) continue;
    let end = first + 1;
    while (end < texts.length && isDigits(texts[end] as string)) end++;
    const number = end - first <= GROUPS_MAX ? texts.slice(first, end).join(' ').replaceAll(/[ -]+/g, ' ') : '';
    if (end - first > 1 && PRINTED.test(number)) {
      found ??= [];
      found.push(number);
    }
    first = end;
  }
  return found ?? NONE;
}

/** By its first character first: nearly no text is. */
function isDigits(text: string): boolean {
  const unit = text.charCodeAt(0);
  return unit >= 0x30 && unit <= 0x39 && DIGITS.test(text);
}
