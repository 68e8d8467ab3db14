/** Values that a leaf may hold: the RFC 8785 subset without floats and null. */
export type CanonicalValue =
  | string
  | boolean
  | number
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue };

/**
 * Canonical JSON (RFC 8785) of a value that holds only strings, booleans, safe integers, arrays and objects.
 * Throws RangeError for anything else: a number that is no safe integer, or a string with a lone surrogate.
 */
export function canonicalJson(value: CanonicalValue): string {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new RangeError('canonical JSON: string with a lone surrogate');
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0))
        throw new RangeError('canonical JSON: not a safe integer');
      return String(value);
    default:
      return Array.isArray(value) ? canonicalArray(value) : canonicalObject(value as { [key: string]: CanonicalValue });
  }
}

function canonicalArray(values: readonly CanonicalValue[]): string {
  return `[${values.map(canonicalJson).join(',')}]`;
}

/** RFC 8785 3.2.3: members sorted by the UTF-16 code units of their names, which is how JavaScript compares strings. */
function canonicalObject(object: { readonly [key: string]: CanonicalValue }): string {
  const members = Object.keys(object)
    .sort()
    .map((key) => `${canonicalJson(key)}:${canonicalJson(object[key] as CanonicalValue)}`);
  return `{${members.join(',')}}`;
}
