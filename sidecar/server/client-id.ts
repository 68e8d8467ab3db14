import type { X509Certificate } from 'node:crypto';

/**
 * Name of a client: the URI among the alternative names of its certificate. Undefined where there is none or more than one
 * (X.509-SVID, section 2: exactly one), and for the certificate of an authority, which is nobody's (section 4.1).
 */
export function clientIdOf(certificate: X509Certificate | undefined): string | undefined {
  if (!certificate?.subjectAltName || certificate.ca) return undefined;
  const uris = readNames(certificate.subjectAltName)?.filter(({ kind }) => kind === 'URI');
  return uris?.length === 1 ? uris[0]?.value : undefined;
}

/** Whether a list of ids names this one; an entry that ends in `/*` names everything below it. */
export function isAllowed(allowed: readonly string[], id: string): boolean {
  return allowed.some((entry) => {
    if (!entry.endsWith('/*')) return entry === id;
    const below = entry.slice(0, -1);
    return id.startsWith(below) && SPIFFE_PATH.test(id.slice(below.length));
  });
}

/** Segments of a path without empty ones, `.` and `..` (SPIFFE-ID, section 2.2). */
const SPIFFE_PATH = /^(?!\.{1,2}(?:\/|$))[\w.-]+(?:\/(?!\.{1,2}(?:\/|$))[\w.-]+)*$/;

interface Name {
  readonly kind: string;
  /** As Node prints it: in quotes where it holds a comma, a quote or no ASCII, so that it is no allowed id. */
  readonly value: string;
}

/** Reads `URI:spiffe://a/b, DNS:c`, as Node prints the alternative names (CVE-2021-44532). Undefined for anything else. */
function readNames(text: string): readonly Name[] | undefined {
  const name = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;
  const names: Name[] = [];
  while (name.lastIndex < text.length) {
    const [, kind, value] = name.exec(text) ?? [];
    if (kind === undefined || value === undefined) return undefined;
    names.push({ kind, value });
  }
  return names;
}
