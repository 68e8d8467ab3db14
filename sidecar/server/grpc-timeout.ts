/** Milliseconds of each unit (PROTOCOL-HTTP2.md, TimeoutUnit). */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['H', 3_600_000],
  ['M', 60_000],
  ['S', 1_000],
  ['m', 1],
  ['u', 0.001],
  ['n', 0.000_001],
]);

/** Reads `grpc-timeout`: at most eight digits and a unit. Milliseconds; undefined for anything else. */
export function timeoutMsOf(value: string): number | undefined {
  const unitMs = UNITS.get(value.slice(-1));
  const digits = value.slice(0, -1);
  if (unitMs === undefined || !/^[0-9]{1,8}$/.test(digits)) return undefined;
  return Number(digits) * unitMs;
}
