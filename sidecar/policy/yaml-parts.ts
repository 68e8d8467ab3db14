import { Composer, type CST, type Document, Lexer, type LineCounter, Parser } from 'yaml';
import type { Steps } from '../kernel/steps.js';

/** A YAML document, its list cut: `first` has the beginning, each of `more` the same place with some items more. */
export interface DocumentParts {
  readonly first: Document.Parsed;
  readonly more: readonly Document.Parsed[];
}

/** Words and signs read in one step, and items of a list made into values in one step: about a millisecond each. */
const LEXEMES_PER_STEP = 500;
const ITEMS_PER_STEP = 8;

/**
 * Parses all documents of a text in steps, which the library's own function does at once, a second for the largest pack.
 * Only a block list is cut that is all there is or the last value of the map at the top, so that the parts are in the
 * order of the file, and none in a file with tags or directives. Throws RangeError when the nesting is too deep.
 */
export function* parseParts(text: string, lines: LineCounter): Steps<readonly DocumentParts[]> {
  const { tokens, mayCut } = yield* readTokens(text, lines);
  const parts = mayCut ? yield* composeParts(tokens) : [];
  const isGood = parts.every(({ first, more }) => [first, ...more].every(({ errors }) => errors.length === 0));
  // What is wrong with a file is told as if it had not been cut.
  return isGood && mayCut ? parts : [...new Composer(OPTIONS).compose(tokens)].map((first) => ({ first, more: [] }));
}

const OPTIONS = { prettyErrors: false, uniqueKeys: true } as const;

function* composeParts(tokens: readonly CST.Token[]): Steps<readonly DocumentParts[]> {
  const composer = new Composer(OPTIONS);
  const documents: Document.Parsed[] = [];
  const cuts: CST.Document[] = [];
  for (const token of tokens) {
    const [head, ...tails] = token.type === 'document' ? cut(token) : [];
    documents.push(...composer.next(head ?? token));
    cuts.push(...tails);
  }
  documents.push(...composer.end());
  // More than one document is refused whatever is in it.
  const more = documents.length === 1 ? yield* composeEach(cuts) : [];
  return documents.map((first) => ({ first, more }));
}

function* readTokens(text: string, lines: LineCounter): Steps<{ tokens: CST.Token[]; mayCut: boolean }> {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  let mayCut = true;
  let count = 0;
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme.startsWith('!') || lexeme.startsWith('%')) mayCut = false;
    tokens.push(...parser.next(lexeme));
    if (++count % LEXEMES_PER_STEP === 0) yield;
  }
  tokens.push(...parser.end());
  return { tokens, mayCut };
}

function* composeEach(tokens: readonly CST.Document[]): Steps<Document.Parsed[]> {
  const documents: Document.Parsed[] = [];
  for (const token of tokens) {
    yield;
    documents.push(...new Composer(OPTIONS).compose([token]));
  }
  return documents;
}

/** The document with the first items of its list, and for each of the other parts the list alone. */
function cut(document: CST.Document): CST.Document[] {
  const { value: top } = document;
  if (top?.type === 'block-seq') return pieces(top).map((list) => ({ ...document, value: list }));
  if (top?.type !== 'block-map') return [document];
  const pair = top.items.at(-1);
  if (pair?.value?.type !== 'block-seq') return [document];
  const offset = pair.start[0]?.offset ?? pair.key?.offset ?? top.offset;
  return pieces(pair.value).map((list, i) => {
    const shorter = { ...pair, value: list } as typeof pair;
    const value = i === 0 ? { ...top, items: top.items.with(-1, shorter) } : { ...top, offset, items: [shorter] };
    return { ...document, value };
  });
}

function pieces(list: CST.BlockSequence): CST.BlockSequence[] {
  const count = Math.max(1, Math.ceil(list.items.length / ITEMS_PER_STEP));
  return Array.from({ length: count }, (_, i) => ({
    ...list,
    items: list.items.slice(i * ITEMS_PER_STEP, (i + 1) * ITEMS_PER_STEP),
  }));
}
