import { Fields, type Report } from './fields.js';
import type { ExceptionLimits, Exemption, RuleReference, SuppressedRule } from './pack.js';

/** A reference as written: the bare id, or a mapping whose further keys are in `fields`. */
interface Reference extends RuleReference {
  readonly fields: Fields | undefined;
}

const EXPIRY = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/;
const DAY_MS = 86_400_000;

/** Reads `suppresses`. */
export function readSuppressed(fields: Fields, report: Report): SuppressedRule[] {
  return references(fields, report, 'suppresses', ['where']).map(({ id, place, fields: own }) => ({
    id,
    place,
    where: own?.oneOf('where', ['overlap', 'anywhere']) ?? 'overlap',
  }));
}

/** Reads `exempts` or `lowers`. */
export function readExemptions(fields: Fields, report: Report, key: 'exempts' | 'lowers'): Exemption[] {
  const more = ['where', 'endpoint', 'tenant', 'expires'];
  return references(fields, report, key, more).map(({ id, place, fields: own }) => {
    return {
      id,
      place,
      where: own?.oneOf('where', ['inside', 'text']) ?? 'inside',
      ...(own && readLimits(own, report)),
    };
  });
}

/** Reads `endpoint`, `tenant` and `expires` of an exception. */
export function readLimits(fields: Fields, report: Report): ExceptionLimits {
  const endpoint = fields.text('endpoint', { max: 512 });
  const tenant = fields.text('tenant', { max: 256 });
  const expiresMs = readExpiry(fields, report);
  return {
    ...(endpoint !== undefined && { endpoint }),
    ...(tenant !== undefined && { tenant }),
    ...(expiresMs !== undefined && { expiresMs }),
  };
}

/** A list of ids, or of mappings with `id` and further keys. */
function references(fields: Fields, report: Report, key: string, more: readonly string[]): Reference[] {
  const limits = { what: `an id of ${key}`, max: 192 };
  return (fields.list(key, { min: 0, max: 1000 }) ?? []).flatMap((item): Reference[] => {
    const place = { line: item.line, column: item.column };
    if (item.kind !== 'map') {
      const id = item.kind === 'scalar' && typeof item.value === 'string' ? item.value : undefined;
      if (id === undefined || id === '' || id.length > limits.max) {
        report.error(item, `${limits.what} must be a string, or a mapping with id`);
        return [];
      }
      return [{ id, place, fields: undefined }];
    }
    const own = new Fields(item, report, false);
    own.onlyKnown(['id', ...more]);
    own.require(['id']);
    const id = own.text('id', { max: limits.max });
    return id === undefined ? [] : [{ id, place, fields: own }];
  });
}

/** The end of a day in UTC, or an instant (RFC 3339 in UTC). */
function readExpiry(fields: Fields, report: Report): number | undefined {
  const text = fields.text('expires', {
    max: 32,
    shape: EXPIRY,
    expected: 'a date such as 2027-03-31, or 2027-03-31T12:00:00Z',
  });
  if (text === undefined) return undefined;
  const start = Date.parse(text);
  const isDate = !text.includes('T');
  // Date.parse takes February 30 for March 2.
  const real = !Number.isNaN(start) && new Date(start).toISOString().startsWith(text.slice(0, 10));
  if (!real) report.error(fields.get('expires') ?? fields.place, 'expires is no date of the calendar');
  return real ? start + (isDate ? DAY_MS : 0) : undefined;
}
