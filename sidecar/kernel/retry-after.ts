/** RFC 9110 10.2.3: seconds, or a date. Milliseconds from now (`wallMs`); undefined for anything else. */
export function readRetryAfter(text: string, wallMs: number): number | undefined {
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const atMs = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} .* GMT$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - wallMs);
}
