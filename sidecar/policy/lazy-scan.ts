import type { LiteralScanner } from './literal-scan.js';

/** Which groups of literals a text has, found out when first asked: most texts are never asked about. */
export interface LazyScan {
  /** Takes another text; `has` speaks of it from now on. */
  look(text: string): void;
  has(group: number): boolean;
  /** As `LiteralScanner.endsOf`. */
  endsOf(group: number): readonly number[] | undefined;
}

export function createLazyScan(scanner: LiteralScanner): LazyScan {
  let text: string | undefined;
  const scanned = () => {
    if (text !== undefined) scanner.scan(text);
    text = undefined;
    return scanner;
  };
  return {
    look(next) {
      text = next;
    },
    has: (group) => scanned().has(group),
    endsOf: (group) => scanned().endsOf(group),
  };
}
