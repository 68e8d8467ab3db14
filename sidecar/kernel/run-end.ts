/**
 * Where a run ends that is made of as many `piece` as there are, one directly after the other; `from` when there is none.
 * `piece` is sticky, matches at least one unit, and takes a bounded number of them: `/[0-9]{1,1000}/y`.
 *
 * For whole contents an expression cannot say this by itself: V8 keeps a place to go back to for each turn of a loop, and
 * throws a RangeError when they fill 64 MiB, which is after some eight million turns. It spares itself that for simple loops,
 * but no longer once a program has compiled a megabyte of expressions (`TooMuchRegExpCode` in V8), as rules soon do.
 */
export function runEnd(text: string, from: number, piece: RegExp): number {
  let end = from;
  for (piece.lastIndex = from; piece.test(text); ) end = piece.lastIndex;
  return end;
}
