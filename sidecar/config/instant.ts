/** An instant, ms since 1970, or why a text is none. */
export type Instant = { readonly ms: number } | { readonly reason: string };

const EXAMPLE = '2026-11-28T12:30:00Z';
/** RFC 3339; seconds may be left out, and of their fraction milliseconds count. */
const SHAPE =
  /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2})(:\d{2})?(?:(?<=:\d{2}:\d{2})\.(\d{1,9}))?(?:([Zz])|([+-])(\d{2}):(\d{2}))?$/;
const MINUTE_MS = 60_000;
/** The zones of the world are between -12:00 and +14:00. */
const OFFSET_MINUTES_MAX = 14 * 60;

/** Reads a moment as people write it: day, time and zone. Without a zone it would be another moment on another machine. */
export function readInstant(text: string): Instant {
  const [, day, time, seconds = ':00', fraction = '', zulu, sign, hours, minutes] = SHAPE.exec(text) ?? [];
  if (day === undefined || time === undefined) return { reason: `expected a time such as ${EXAMPLE}` };
  if (zulu === undefined && sign === undefined) {
    return { reason: `the zone is missing; write ${EXAMPLE} for UTC, or an offset such as +01:00` };
  }
  const local = `${day}T${time}${seconds}`;
  const localMs = Date.parse(`${local}Z`);
  const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * (sign === '-' ? -1 : 1);
  // Date.parse takes February 30 for March 2, and 24:00 for the next day.
  const isReal = !Number.isNaN(localMs) && new Date(localMs).toISOString().startsWith(local);
  if (!isReal || Number(minutes ?? 0) > 59 || Math.abs(offset) > OFFSET_MINUTES_MAX) {
    return { reason: 'is no time of the calendar' };
  }
  return { ms: localMs + Number(fraction.slice(0, 3).padEnd(3, '0')) - offset * MINUTE_MS };
}
