import { PatternFault } from './regex-ast.js';

/** A reading position in a pattern, by code points. */
export class Cursor {
  readonly pattern: string;
  offset = 0;

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  get done(): boolean {
    return this.offset >= this.pattern.length;
  }

  /** The code point here as text; empty at the end. */
  peek(): string {
    const point = this.pattern.codePointAt(this.offset);
    return point === undefined ? '' : String.fromCodePoint(point);
  }

  next(): string {
    const char = this.peek();
    this.offset += char.length;
    return char;
  }

  /** Whether `text` stands here. */
  sees(text: string): boolean {
    return this.pattern.startsWith(text, this.offset);
  }

  /** Steps over `text` if it stands here. */
  take(text: string): boolean {
    if (!this.sees(text)) return false;
    this.offset += text.length;
    return true;
  }

  /** Steps over what the expression, which must be sticky, matches here. */
  match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.offset;
    const found = expression.exec(this.pattern);
    if (!found) return undefined;
    this.offset += found[0].length;
    return found;
  }

  fail(message: string, offset = this.offset): never {
    throw new PatternFault(message, offset);
  }
}
