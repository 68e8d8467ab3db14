import type { LiteralScanner } from './literal-scan.js';

/** Which groups of literals a text has, found out when first asked: most texts are never asked about. */
export interface LazyScan {
  /** Takes another text; `has` speaks of it from now on. */
  look(text: string): void;
  has(group: number): boolean;
  groups(): readonly number[];
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
    groups: () => scanned().groups,
    endsOf: (group) => scanned().endsOf(group),
  };
}

/** Which groups of literals the names that lead to a text have. */
export interface NameScan {
  /** Takes another pointer; `has` speaks of it from now on. */
  look(pointer: string): void;
  has(group: number): boolean;
  groups(): Iterable<number>;
  /** The names that `has` goes by: the pointer without the numbers of list elements, which are no names. */
  names(): string;
  /** Whether `has` or `groups` was asked since the pointer was taken. */
  readonly wasAsked: boolean;
}

/** Places of list elements. */
const ELEMENTS = /\/\d+(?=[/#]|$)/g;

/** Pointers whose groups are kept: those of the APIs in use are few, and stand in every request. */
const POINTERS_KEPT = 1024;
/** Longer ones are scanned each time, so that what is kept stays small. */
const POINTER_CHARS_MAX = 128;
const NO_GROUPS: ReadonlySet<number> = new Set();

/** Scans a pointer when first asked about it, and remembers what it gave. */
export function createNameScan(scanner: LiteralScanner): NameScan {
  const known = new Map<string, ReadonlySet<number>>();
  let pointer = '';
  let named: string | undefined;
  let groups: ReadonlySet<number> | undefined;
  const names = () => {
    named ??= pointer.replaceAll(ELEMENTS, '');
    return named;
  };
  const scanned = (): ReadonlySet<number> => {
    const key = names();
    let found = known.get(key);
    if (found) return found;
    scanner.scan(key);
    found = scanner.groups.length > 0 ? new Set(scanner.groups) : NO_GROUPS;
    if (known.size >= POINTERS_KEPT) known.clear();
    if (key.length <= POINTER_CHARS_MAX) known.set(key, found);
    return found;
  };
  const groupsOf = () => {
    groups ??= scanned();
    return groups;
  };
  return {
    look(next) {
      pointer = next;
      named = groups = undefined;
    },
    has: (group) => groupsOf().has(group),
    groups: groupsOf,
    names,
    get wasAsked() {
      return groups !== undefined;
    },
  };
}
