import type { Report } from './checks.js';
import { type Field, field, fieldsAt, isTrue, listAt, type Tree, textAt } from './tree.js';

/** Headers without which a body cannot be read as the model reads it, or a record not be tied to a request. */
const NEEDED = [
  'content-type',
  'content-encoding',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'x-envoy-auth-partial-body',
  'x-request-id',
];

/** Where SDKs put keys. */
const CREDENTIALS = ['authorization', 'proxy-authorization', 'cookie', 'x-api-key', 'api-key', 'x-goog-api-key'];

/** A header is let through, kept back, or it cannot be told (a regular expression). */
type Match = 'yes' | 'no' | 'unknown';

/** Checks `allowed_headers` and `disallowed_headers` of ext_authz (envoy/type/matcher/v3/string.proto, ListStringMatcher). */
export function checkHeaderLists(report: Report, authz: Tree): void {
  const allowed = field(authz, 'allowed_headers');
  const disallowed = field(authz, 'disallowed_headers');
  const hidden = NEEDED.filter((name) => allowed && matchOf(allowed, name) === 'no');
  if (allowed && hidden.length > 0) report('header-hidden', allowed, `${allowed.name} leaves out ${hidden.join(', ')}`);
  const kept = NEEDED.filter((name) => disallowed && matchOf(disallowed, name) === 'yes');
  if (disallowed && kept.length > 0)
    report('header-hidden', disallowed, `${disallowed.name} keeps back ${kept.join(', ')}`);
}

/** Checks that credentials stay with the proxy. */
export function checkCredentials(report: Report, authz: Tree, place: Field): void {
  const allowed = field(authz, 'allowed_headers');
  const disallowed = field(authz, 'disallowed_headers');
  const sent = CREDENTIALS.filter((name) => {
    const isLetThrough = !allowed || matchOf(allowed, name) === 'yes';
    return isLetThrough && (!disallowed || matchOf(disallowed, name) === 'no');
  });
  if (sent.length > 0) report('credentials-sent', disallowed ?? place, `${sent.join(', ')} go to Jimini`);
}

/** Checks a list of header names that are all that is sent. */
export function checkHeaderNames(report: Report, list: Field | undefined): void {
  if (!list) return;
  const names = listAt(list.value).map((item) => String(textAt(item)).toLowerCase());
  const hidden = names.length === 0 ? [] : NEEDED.filter((name) => !names.includes(name));
  if (hidden.length > 0) report('header-hidden', list, `${list.name} leaves out ${hidden.join(', ')}`);
}

function matchOf(list: Field, name: string): Match {
  const matches = listAt(list.value, 'patterns').map((pattern) => matchOfPattern(pattern, name));
  if (matches.includes('yes')) return 'yes';
  return matches.includes('unknown') ? 'unknown' : 'no';
}

function matchOfPattern(pattern: Tree, name: string): Match {
  const cased = (text: string) => (isTrue(field(pattern, 'ignore_case')) ? text.toLowerCase() : text);
  for (const { name: kind } of fieldsAt(pattern)) {
    const text = cased(textAt(pattern, kind) ?? '');
    if (kind === 'exact') return yesOrNo(name === text);
    if (kind === 'prefix') return yesOrNo(name.startsWith(text));
    if (kind === 'suffix') return yesOrNo(name.endsWith(text));
    if (kind === 'contains') return yesOrNo(name.includes(text));
  }
  return 'unknown';
}

function yesOrNo(is: boolean): Match {
  return is ? 'yes' : 'no';
}
