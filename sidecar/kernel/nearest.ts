/** Longer names are cut before comparing: what is compared comes from outside, and the work is quadratic. */
const COMPARED_CHARS_MAX = 80;

/**
 * The known name that is the fewest single-character edits away from `name`; undefined when none is known, or none is at most
 * `editsMax` away.
 */
export function nearest(
  name: string,
  known: Iterable<string>,
  editsMax = Number.POSITIVE_INFINITY,
): string | undefined {
  let best: { name: string; edits: number } | undefined;
  for (const candidate of known) {
    const edits = editDistance(fold(name), fold(candidate));
    if (edits <= editsMax && (!best || edits < best.edits)) best = { name: candidate, edits };
  }
  return best?.name;
}

function fold(name: string): string {
  return name.slice(0, COMPARED_CHARS_MAX).toLowerCase();
}

/** Levenshtein's distance, row by row. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
