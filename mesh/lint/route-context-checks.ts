import { SHIPPED_PACKS } from '../../sidecar/config/pack-names.js';
import { readDirection } from '../../sidecar/kernel/evaluation.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { printable } from '../../sidecar/kernel/printable.js';
import type { Report } from './checks.js';
import type { Field } from './tree.js';

/** One `context_extensions` entry: its name, and the field that holds its value. */
export interface ContextEntry {
  readonly name: string;
  readonly value: Field;
}

const KEYS = new Set(['jimini.direction', 'jimini.endpoint', 'jimini.packs', 'jimini.tenant', 'jimini.subject_header']);
/** What Envoy's own dump says instead of such a value. */
const REDACTED = '[redacted]';
const CONTROL_CHARACTER = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

/** Checks what a route says to Jimini, as the door reads it (mesh/ext-authz/route-context.ts). */
export function checkContext(report: Report, { name, value: entry }: ContextEntry): void {
  if (!/^jimini/i.test(name)) return;
  const text = entry.value.kind === 'scalar' ? String(entry.value.value ?? '') : '';
  if (!KEYS.has(name)) {
    report('context-key', entry, `unknown key ${printable(name)}`);
  } else if (text === REDACTED) {
    return;
  } else if (text.length > LIMITS.contextValueCharsMax || CONTROL_CHARACTER.test(text)) {
    report('context-value', entry, `the value of ${name} is not allowed`);
  } else if (name === 'jimini.direction' && readDirection(text) === undefined) {
    report('context-direction', entry, `${name} is ${printable(text)}`);
  } else if (name === 'jimini.direction' && readDirection(text) === 'outbound') {
    report('context-outbound', entry, `${name} is outbound`);
  } else if (name === 'jimini.packs') {
    checkPacks(report, entry, text);
  }
}

function checkPacks(report: Report, entry: Field, text: string): void {
  const names = text.split(',').flatMap((name) => name.trim() || []);
  if (names.length === 0) report('packs-empty', entry, 'jimini.packs names no pack');
  const unknown = names.filter((name) => !SHIPPED_PACKS.includes(name));
  if (unknown.length > 0) {
    report(
      'packs-unknown',
      entry,
      `jimini.packs names ${printable(unknown.join(', '))}, which no built-in pack is called`,
    );
  }
}
