import { ROLES } from '../kernel/evaluation.js';
import { LIMITS } from '../kernel/limits.js';
import { Fields, type Report } from './fields.js';
import type { Example } from './pack.js';
import type { Tree } from './yaml-tree.js';

const EXAMPLES_MAX = 200;
const KEYS = ['text', 'repeat', 'direction', 'endpoint', 'role', 'pointer'];

/** Reads `examples: {match: [...], no_match: [...]}`. */
export function readExamples(fields: Fields, report: Report): Example[] {
  const tree = fields.get('examples');
  if (!tree) return [];
  if (tree.kind !== 'map') {
    report.error(tree, 'examples must be a mapping with match and no_match');
    return [];
  }
  const own = new Fields(tree, report, false);
  own.onlyKnown(['match', 'no_match']);
  const read = (key: string, matches: boolean) =>
    (own.list(key, { min: 0, max: EXAMPLES_MAX }) ?? []).flatMap((item) => readExample(item, matches, report) ?? []);
  return [...read('match', true), ...read('no_match', false)];
}

function readExample(tree: Tree, matches: boolean, report: Report): Example | undefined {
  const place = { line: tree.line, column: tree.column };
  if (tree.kind === 'scalar' && typeof tree.value === 'string') {
    return { matches, text: tree.value, role: 'user', pointer: '', place };
  }
  if (tree.kind !== 'map') {
    report.error(tree, 'an example must be a string, or a mapping with text');
    return undefined;
  }
  const fields = new Fields(tree, report, false);
  fields.onlyKnown(KEYS);
  fields.require(['text']);
  const text = fields.text('text', { min: 0, max: LIMITS.exampleCharsMax });
  const repeat = fields.number('repeat', { min: 0, max: LIMITS.exampleCharsMax, whole: true }) ?? 1;
  const direction = fields.oneOf('direction', ['inbound', 'outbound']);
  const endpoint = fields.text('endpoint', { max: 512 });
  const role = fields.oneOf('role', ROLES) ?? 'user';
  const pointer = fields.text('pointer', { min: 0, max: 512 }) ?? '';
  if (text === undefined) return undefined;
  if (text.length * repeat > LIMITS.exampleCharsMax) {
    report.error(tree, `an example may have ${LIMITS.exampleCharsMax} characters in all`);
    return undefined;
  }
  const scope = { ...(direction && { direction }), ...(endpoint !== undefined && { endpoint }) };
  return { matches, text: text.repeat(repeat), role, pointer, ...scope, place };
}
