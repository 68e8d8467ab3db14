import { ROLES, type Role } from '../kernel/evaluation.js';
import { readAllowedValues } from './allowed-values-reader.js';
import { readExamples } from './example-reader.js';
import { Fields, type Report } from './fields.js';
import { MASK_STYLES, type Mask } from './mask.js';
import type { LlmPrompt, Rule } from './pack.js';
import { readPattern } from './pattern-reader.js';
import { readExemptions, readSuppressed } from './reference-reader.js';
import type { Dialect } from './regex-ast.js';
import type { Tree } from './yaml-tree.js';

/** How one file's rules are read. */
export interface ReadOptions {
  readonly format: 'full' | 'ancestor';
  readonly dialect: Dialect;
  readonly builtin: boolean;
  readonly ancestorDirections: 'inert' | 'map';
}

const KEYS = [
  'id',
  'title',
  'description',
  'severity',
  'action',
  'pattern',
  'min_count',
  'max_chars',
  'llm_prompt',
  'classifier',
  'applies_to',
  'endpoints',
  'roles',
  'shadow_override',
  'keywords',
  'validators',
  'context',
  'score',
  'suppresses',
  'exempts',
  'lowers',
  'except',
  'tags',
  'mask',
  'enabled',
  'examples',
];
const REQUIRED = ['id', 'title', 'severity', 'action'];
const ACTIONS = ['allow', 'flag', 'mask', 'block'] as const;
/** Any word will do, because it decides nothing; but one that is nearly one of these is misspelt. */
const SEVERITIES = ['low', 'medium', 'high', 'critical'];
const ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;
const CLASSIFIER_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** Asked by rules that name no classifier. */
const DEFAULT_CLASSIFIER = 'default';
const DIRECTIONS = ['inbound', 'outbound', '*'];
/** Directions of the older format that no request ever has, and what they can be made to mean. */
const MAPPED = new Map([
  ['request_body', 'inbound'],
  ['response_body', 'outbound'],
]);

/** Reads one rule. Undefined when it cannot be used; what is wrong with it is in the report. */
export function readRule(tree: Tree, report: Report, options: ReadOptions): Rule | undefined {
  if (tree.kind !== 'map') {
    report.error(tree, 'a rule must be a mapping with id, title, severity and action');
    return undefined;
  }
  const lenient = options.format === 'ancestor';
  const fields = new Fields(tree, report, lenient);
  fields.onlyKnown(KEYS);
  fields.require(REQUIRED);
  const rule = {
    ...readIdentity(fields, report, options),
    ...readScope(fields, report, options),
    ...readConditions(fields, report, options),
    suppresses: readSuppressed(fields, report),
    exempts: readExemptions(fields, report, 'exempts'),
    lowers: readExemptions(fields, report, 'lowers'),
    except: readAllowedValues(fields, report),
    examples: readExamples(fields, report),
    place: { line: tree.line, column: tree.column },
  };
  return refuseUnusable(rule, fields, report) ? undefined : (rule as Rule);
}

function readIdentity(fields: Fields, report: Report, options: ReadOptions) {
  const lenient = options.format === 'ancestor';
  if (!lenient) fields.refuseSlips('severity', SEVERITIES);
  const idShape = lenient ? { max: 128, shape: /^[^\p{Cc}]+$/u } : { max: 64, shape: ID };
  return {
    id: fields.text('id', { ...idShape, expected: 'letters, digits and . _ : -' }),
    title: fields.text('title', { max: lenient ? 1000 : 120 }),
    description: fields.text('description', { min: 0, max: 2000 }) ?? '',
    severity: fields.text('severity', { max: lenient ? 1000 : 32 }),
    action: fields.oneOf('action', ACTIONS),
    tags: fields.texts('tags', { min: 0, max: 64, chars: 64 }) ?? [],
    mask: readMask(fields, report),
    enabled: fields.flag('enabled') ?? true,
    enforce: fields.oneOf('shadow_override', ['enforce']) === 'enforce',
  };
}

/** A style, or `{style, name}`. Without a name what is masked is called by the rule's id. */
function readMask(fields: Fields, report: Report): Mask {
  const id = fields.get('id');
  const idText = id?.kind === 'scalar' && typeof id.value === 'string' ? id.value : '';
  const name = idText.replace(/[^A-Za-z0-9._:-]+/g, '-') || 'MASKED';
  const tree = fields.get('mask');
  if (tree?.kind !== 'map') return { style: fields.oneOf('mask', MASK_STYLES) ?? 'type', name };
  const own = new Fields(tree, report, false);
  own.onlyKnown(['style', 'name']);
  const expected = 'letters, digits and . _ : -';
  return {
    style: own.oneOf('style', MASK_STYLES) ?? 'type',
    name: own.text('name', { max: 64, shape: ID, expected }) ?? name,
  };
}

function readScope(fields: Fields, report: Report, options: ReadOptions) {
  const lenient = options.format === 'ancestor';
  const appliesTo = fields.texts('applies_to', { min: lenient ? 0 : 1, max: 16, chars: 64 }) ?? [];
  const directions = appliesTo.map((text) => text.trim().toLowerCase());
  const tree = fields.get('applies_to');
  const mapped = directions.map((direction, i) => {
    if (DIRECTIONS.includes(direction)) return direction;
    const place = (tree?.kind === 'list' ? tree.items[i] : undefined) ?? fields.place;
    if (!lenient) report.error(place, 'applies_to must hold inbound, outbound or *');
    const meaning = options.ancestorDirections === 'map' ? MAPPED.get(direction) : undefined;
    if (lenient && !meaning) report.warn(place, `no request has the direction ${JSON.stringify(direction)}`);
    return meaning ?? direction;
  });
  return {
    appliesTo: mapped,
    endpoints: fields.texts('endpoints', { min: lenient ? 0 : 1, max: 1000, chars: 512 }) ?? [],
    roles: readRoles(fields, report),
  };
}

function readRoles(fields: Fields, report: Report): readonly Role[] {
  const other = ['max_chars', 'llm_prompt'].find((key) => fields.get(key) !== undefined);
  if (other && fields.get('roles')) report.error(fields.keyPlace('roles'), `roles belongs to pattern, not to ${other}`);
  return fields.someOf('roles', ROLES) ?? [];
}

function readConditions(fields: Fields, report: Report, options: ReadOptions) {
  const pattern = readPattern(fields, report, options);
  const maxChars = fields.number('max_chars', { min: 0, max: 1e9, whole: true });
  const llmPrompt = readLlmPrompt(fields, report, options);
  return {
    ...(pattern && { pattern }),
    ...(maxChars !== undefined && { maxChars }),
    ...(llmPrompt !== undefined && { llmPrompt }),
  };
}

function readLlmPrompt(fields: Fields, report: Report, { format }: ReadOptions): LlmPrompt | undefined {
  const prompt = fields.text('llm_prompt', { max: 4096, min: 1 });
  if (fields.get('llm_prompt') === undefined) {
    if (fields.get('classifier') !== undefined && format === 'full') {
      report.error(fields.keyPlace('classifier'), 'classifier belongs to llm_prompt, and there is none');
    }
    return undefined;
  }
  const shape = { max: 63, shape: CLASSIFIER_NAME, expected: 'lower-case letters, digits and dashes' };
  const classifier = fields.text('classifier', shape) ?? DEFAULT_CLASSIFIER;
  return prompt === undefined ? undefined : { prompt, classifier, place: fields.keyPlace('llm_prompt') };
}

/** Reports what only the whole rule shows. True when it cannot be used. */
function refuseUnusable(
  rule: { [key in keyof Rule]?: Rule[key] | undefined },
  fields: Fields,
  report: Report,
): boolean {
  if (['pattern', 'max_chars', 'llm_prompt'].every((key) => fields.get(key) === undefined)) {
    report.error(fields.place, 'a rule needs a condition: pattern, max_chars or llm_prompt');
  }
  for (const key of ['max_chars', 'llm_prompt']) {
    if (rule.action !== 'mask' || fields.get(key) === undefined) continue;
    report.error(fields.keyPlace(key), `${key} has no place in the text that could be masked; use block or flag`);
  }
  for (const reference of [...(rule.suppresses ?? []), ...(rule.exempts ?? []), ...(rule.lowers ?? [])]) {
    if (reference.id === rule.id) report.error(reference.place, 'a rule cannot name itself');
  }
  return [rule.id, rule.title, rule.severity, rule.action].includes(undefined);
}
