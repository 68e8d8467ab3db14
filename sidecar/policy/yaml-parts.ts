import { Composer, type CST, type Document, Lexer, LineCounter, Parser } from 'yaml';
import type { Steps } from '../kernel/steps.js';
import { DOCUMENT, ItemFinder } from './item-finder.js';
import type { Place } from './pack.js';

/** A stretch of a file, parsed by itself: all of it; or its beginning with the first items of its list; or further items. */
export interface FilePart {
  readonly documents: readonly Document.Parsed[];
  /** Items of the list in it, where the file was cut; the tree must have as many. */
  readonly itemCount: number | undefined;
  placeOf(offset: number | undefined): Place;
}

/** Whether a file of which a list is the end is read in parts, or any file at once. */
export interface Cutting {
  readonly isCut: boolean;
}

/** Words and signs read in one step, and items of a list parsed in one step: about a millisecond each. */
const LEXEMES_PER_STEP = 500;
const ITEMS_PER_PART = 4;
const OPTIONS = { prettyErrors: false, uniqueKeys: true } as const;

/**
 * Parses a text in steps, which the library's own function does at once, a second for the largest pack. Parts of it are read
 * one by one, so that what the library makes of one is garbage before the next is made: it is twenty times the size of the text.
 */
export class PartReader {
  private readonly lexemes: Iterator<string, void>;
  /** Undefined where the file is not cut. */
  private readonly items: ItemFinder | undefined;
  private part: Part | undefined = new Part(1);
  private isCut = false;
  private count = 0;

  constructor(text: string, { isCut }: Cutting) {
    this.lexemes = new Lexer().lex(text);
    this.items = isCut ? new ItemFinder(text) : undefined;
  }

  /** The next part; undefined behind the last. Throws RangeError when the nesting is too deep, UncutFault where no cut can be. */
  *next(): Steps<FilePart | undefined> {
    const { part, items } = this;
    if (!part) return undefined;
    for (let next = this.lexemes.next(); !next.done; next = this.lexemes.next()) {
      const lexeme = next.value;
      const isItem = items?.isItem(lexeme) ?? false;
      if (items && isItem && part.itemCount === ITEMS_PER_PART) {
        this.isCut = true;
        this.part = new Part(part.lineNow);
        // The blanks in front of the dash were read already.
        this.part.add(DOCUMENT);
        if (items.column > 0) this.part.add(' '.repeat(items.column));
        this.part.addItem(lexeme);
        yield;
        return part.end(true);
      }
      if (isItem) part.addItem(lexeme);
      else part.add(lexeme);
      if (++this.count % LEXEMES_PER_STEP === 0) yield;
    }
    this.part = undefined;
    yield;
    return part.end(this.isCut);
  }
}

class Part {
  itemCount = 0;
  private readonly firstLine: number;
  private readonly lines = new LineCounter();
  private readonly parser = new Parser(this.lines.addNewLine);
  private readonly tokens: CST.Token[] = [];

  constructor(firstLine: number) {
    this.firstLine = firstLine;
    this.lines.addNewLine(0);
  }

  add(lexeme: string): void {
    this.tokens.push(...this.parser.next(lexeme));
  }

  addItem(dash: string): void {
    this.itemCount++;
    this.add(dash);
  }

  /** The line that is being read. */
  get lineNow(): number {
    return this.firstLine + this.lines.lineStarts.length - 1;
  }

  end(isCut: boolean): FilePart {
    const { firstLine, lines } = this;
    this.tokens.push(...this.parser.end());
    return {
      documents: [...new Composer(OPTIONS).compose(this.tokens)],
      itemCount: isCut ? this.itemCount : undefined,
      placeOf(offset) {
        const { line, col } = lines.linePos(offset ?? 0);
        return { line: firstLine - 1 + Math.max(1, line), column: Math.max(1, col) };
      },
    };
  }
}
