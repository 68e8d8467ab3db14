/** What a foreign string is cut to before it is shown to people. */
const SHOWN_CHARS_MAX = 200;

/**
 * Characters that a terminal or a log viewer acts on instead of showing them: C0 and C1 controls, marks of reading
 * direction (Unicode TR 9), zero-width and other format characters, line separators, and halves of surrogate pairs.
 */
const ACTIVE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A foreign string made safe for one line of terminal output: active characters as `\u{...}`, cut to 200 characters. */
export function printable(text: string, charsMax = SHOWN_CHARS_MAX): string {
  const cut = text.length > charsMax ? `${text.slice(0, charsMax)}...` : text;
  return cut.replace(ACTIVE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** JSON with the same value, indented, in which active characters stand as JSON escapes, so that a terminal only shows them. */
export function printableJson(value: unknown): string {
  return withActiveEscaped(JSON.stringify(value, null, 2));
}

/** JSON text that says the same with its active characters as JSON escapes. Line feeds stay: JSON has them between tokens only. */
export function withActiveEscaped(json: string): string {
  return json.replace(ACTIVE, (character) =>
    character === '\n'
      ? character
      : Array.from({ length: character.length }, (_, i) => escapeUnit(character.charCodeAt(i))).join(''),
  );
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
