import type { CompiledPattern } from './pattern.js';

/**
 * Where a pattern must be tried: around the places where its literals end, when every match holds one of them and has a
 * greatest length; else everywhere. Windows are merged, so that a match is never cut or found twice.
 */
export function windowsAround(
  literalEnds: readonly number[] | undefined,
  { facts, anchored, matcher }: CompiledPattern,
  length: number,
): readonly (readonly [from: number, to: number])[] {
  const reach = facts.maxLength;
  if (!literalEnds || anchored || reach === Infinity) return [[0, length]];
  const first = Math.max(0, (literalEnds[0] ?? 0) - reach);
  // One search to the end is what JavaScript's engine is fastest at.
  if (matcher.engine === 'v8') return [[first, length]];
  const windows: [number, number][] = [];
  for (const end of literalEnds) {
    const [from, to] = [Math.max(0, end - reach), Math.min(length, end + reach)];
    const last = windows.at(-1);
    // Closer than the matcher's look at its surroundings counts as one.
    if (last && from <= last[1] + 8) last[1] = Math.max(last[1], to);
    else windows.push([from, to]);
  }
  return windows;
}
