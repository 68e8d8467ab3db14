import { UncutFault } from './yaml-faults.js';

/** A lexeme of the yaml library that stands for no text: a document begins. */
export const DOCUMENT = '\x02';
/** Likewise: a scalar's text is next. */
const SCALAR = '\x1f';
const BYTE_ORDER_MARK = '\ufeff';
const KEY = /[\w-]+(?=:)/y;

/**
 * Finds where items of a list begin from the lexemes of a file alone: of a block list that is all there is, or the last value
 * of the map at the top. What is not sure is not found; what is found and is none, because the list ended before, shows when
 * the parts are parsed.
 */
export class ItemFinder {
  /** Of the list's dashes, counted from 0. Meaningless before the first item. */
  column = -1;
  /** Blanks so far on a line that holds nothing else; -1 behind anything else. */
  private blanks = 0;
  /** A scalar's text is next; the text of a block scalar is. */
  private isText = false;
  private isBlock = false;
  /** A dash that begins a line would be the list's first. */
  private opens = true;
  private isBehindKey = false;
  private readonly lastKey: string;

  constructor(text: string) {
    this.lastKey = lastKeyOf(text);
  }

  /** Whether the lexeme is the dash of an item. Throws UncutFault where a file cannot be cut. */
  isItem(lexeme: string): boolean {
    if (this.isText) return this.takeText(lexeme);
    switch (lexeme[0]) {
      case SCALAR:
        this.isText = true;
        return false;
      case '\n':
      case '\r':
        this.blanks = 0;
        return false;
      case ' ':
      case '\t':
        if (this.blanks >= 0) this.blanks = lexeme.includes('\t') ? -1 : this.blanks + lexeme.length;
        return false;
      case '#':
      case DOCUMENT:
      case BYTE_ORDER_MARK:
        return false;
      // What tags and directives mean could depend on what stands elsewhere.
      case '!':
      case '%':
        throw new UncutFault();
    }
    const column = this.beginsAt();
    this.isBlock = lexeme.startsWith('|') || lexeme.startsWith('>');
    return this.takeContent(lexeme, column);
  }

  private takeText(text: string): boolean {
    this.isText = false;
    if (this.isBlock) {
      // A block scalar ends with its last line, an empty one with that of its header.
      this.isBlock = false;
      this.blanks = 0;
      return false;
    }
    const column = this.beginsAt();
    this.takeContent('', column);
    this.isBehindKey = column === 0 && text === this.lastKey;
    return false;
  }

  /** The column of what comes now when it is the first on its line; -1 otherwise. In a flow collection dashes are faults. */
  private beginsAt(): number {
    const column = this.blanks;
    this.blanks = -1;
    return column;
  }

  private takeContent(lexeme: string, column: number): boolean {
    const { isBehindKey, opens } = this;
    this.isBehindKey = false;
    if (this.column >= 0) return lexeme === '-' && column === this.column;
    this.opens = (isBehindKey && lexeme === ':') || (opens && lexeme === '---');
    if (!opens || lexeme !== '-' || column < 0) return false;
    this.column = column;
    return true;
  }
}

/** What looks like the last key of the map at the top. If it is not, nothing is found, or something behind the list. */
function lastKeyOf(text: string): string {
  for (let end = text.length; end >= 0; ) {
    const start = end === 0 ? 0 : text.lastIndexOf('\n', end - 1) + 1;
    KEY.lastIndex = start;
    const key = KEY.exec(text);
    if (key) return key[0];
    end = start - 1;
  }
  return '';
}
