import type { ExceptionLimits, Pack, Place, Problem } from './pack.js';

/** A warning for each exception of these packs that has ended: it does nothing any more, whoever still counts on it. */
export function expiredExceptions(packs: readonly Pack[], nowMs: number): Problem[] {
  return packs.flatMap((pack) => {
    const exceptions: readonly (ExceptionLimits & { readonly place: Place })[] = [
      ...pack.rules.flatMap(({ exempts, lowers, except }) => [...exempts, ...lowers, ...except]),
      ...pack.except,
    ];
    return exceptions.flatMap(({ expiresMs, place }): Problem[] => {
      if (expiresMs === undefined || nowMs < expiresMs) return [];
      const message = `this exception ended at ${new Date(expiresMs).toISOString()} and no longer applies`;
      return [{ severity: 'warning', file: pack.file, line: place.line, column: place.column, message }];
    });
  });
}
