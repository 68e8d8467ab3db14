/**
 * Makes the test for one endpoint pattern: exact; `/x/*` = `/x` and everything below it, by segment; else a glob where
 * `*` crosses `/`, `?` is one character and `[set]`, `[!set]` one of (none of) a set. A slash at the end of the endpoint may be
 * there or not, since many servers do not look at it. Case-sensitive. Both sides are taken as normalised. Matching takes time proportional to pattern times path.
 */
export function endpointMatcher(pattern: string): (endpoint: string) => boolean {
  const base = pattern.endsWith('/*') ? pattern.slice(0, -2) : undefined;
  if (base !== undefined && !/[*?[]/.test(base)) {
    return (endpoint) => endpoint === base || endpoint.startsWith(`${base}/`);
  }
  if (!/[*?[]/.test(pattern)) return (endpoint) => endpoint === pattern || endpoint === `${pattern}/`;
  const glob = parseGlob(pattern);
  if (base === undefined) {
    return (endpoint) =>
      globMatches(glob, endpoint) || (endpoint.endsWith('/') && globMatches(glob, endpoint.slice(0, -1)));
  }
  const self = parseGlob(base);
  return (endpoint) => globMatches(glob, endpoint) || globMatches(self, endpoint);
}

/**
 * As `endpointMatcher`, for what holds back: whatever some server may take for an endpoint of the pattern passes, too. Many are
 * blind to case, and many drop the parameters of segments (`/x;v=1`, RFC 3986 section 3.3).
 */
export function wideEndpointMatcher(pattern: string): (endpoint: string) => boolean {
  const test = endpointMatcher(pattern);
  const small = endpointMatcher(pattern.toLowerCase());
  return (endpoint) => {
    if (test(endpoint)) return true;
    const folded = endpoint.toLowerCase();
    return small(folded) || small(folded.replaceAll(/(?:;|%3b)[^/]*/g, ''));
  };
}

/** One element of a glob: any run of characters, or one character that passes. */
type Element = 'run' | ((char: string) => boolean);

function parseGlob(pattern: string): Element[] {
  const elements: Element[] = [];
  const chars = [...pattern];
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] as string;
    const end = char === '[' ? endOfSet(chars, i) : -1;
    if (char === '*') elements.push('run');
    else if (char === '?') elements.push(() => true);
    else if (end > 0) {
      elements.push(setMember(chars.slice(i + 1, end)));
      i = end;
    } else elements.push((other) => other === char);
  }
  return elements;
}

/** Index of the bracket that ends a set; -1 when there is none (the bracket is then itself). As in fnmatch, the first may be `]`. */
function endOfSet(chars: readonly string[], at: number): number {
  const first = chars[at + 1] === '!' ? at + 2 : at + 1;
  return chars.indexOf(']', first + 1);
}

function setMember(body: readonly string[]): (char: string) => boolean {
  const negative = body[0] === '!';
  const ranges: [string, string][] = [];
  for (let i = negative ? 1 : 0; i < body.length; i++) {
    const low = body[i] as string;
    const isRange = body[i + 1] === '-' && i + 2 < body.length;
    ranges.push([low, isRange ? (body[i + 2] as string) : low]);
    if (isRange) i += 2;
  }
  const inside = (char: string) => ranges.some(([low, high]) => char >= low && char <= high);
  return (char) => inside(char) !== negative;
}

/** Greedy with one point to come back to: the last run can always take over from earlier ones. */
function globMatches(glob: readonly Element[], text: string): boolean {
  const chars = [...text];
  let [at, element, runElement, runAt] = [0, 0, -1, 0];
  while (at < chars.length) {
    const test = glob[element];
    if (test === 'run') {
      runElement = element++;
      runAt = at;
    } else if (test?.(chars[at] as string)) {
      at++;
      element++;
    } else if (runElement >= 0) {
      element = runElement + 1;
      at = ++runAt;
    } else return false;
  }
  while (glob[element] === 'run') element++;
  return element === glob.length;
}
