import { createHash } from 'node:crypto';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { type Steps, takeSteps } from '../kernel/steps.js';
import { readNamedAllowedValues } from './allowed-values-reader.js';
import { withDefaultSuppression } from './ancestor.js';
import { checkExamples } from './examples.js';
import { createReport, Fields, type Report } from './fields.js';
import type { LoadedPack, LoadOptions, Pack, PackSource, Problem, Rule } from './pack.js';
import { type ReadOptions, readRule } from './rule-reader.js';
import { UncutFault, YamlFault } from './yaml-faults.js';
import type { Cutting } from './yaml-parts.js';
import { joined, type Tree, TreeReader } from './yaml-tree.js';

const PACK_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const PACK_KEYS = ['name', 'version', 'description', 'rules', 'except'];

/**
 * Loads one pack. Never throws for what a file can hold: everything wrong is a problem with its place, and a pack comes
 * only when no problem is an error. A file without `name` and `version` is read as the older format.
 */
export function loadPack(source: PackSource, options: LoadOptions = {}): LoadedPack {
  return takeSteps(loadPackSteps(source, options));
}

/** `loadPack` in steps, each of about one rule. */
export function* loadPackSteps(source: PackSource, options: LoadOptions = {}): Steps<LoadedPack> {
  const { pack, problems, report } = yield* readFile(source, options, { isCut: true });
  const isBad = () => problems.some(({ severity }) => severity === 'error');
  if (pack && !isBad() && !options.examplesHold) yield* checkExamples(pack, report);
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  return pack && !isBad() ? { pack, problems } : { problems };
}

interface Read {
  readonly pack?: Pack | undefined;
  readonly problems: Problem[];
  readonly report: Report;
}

/** What is wrong with a file is told as if it had not been cut. */
function* readFile(source: PackSource, options: LoadOptions, cutting: Cutting): Steps<Read> {
  const problems: Problem[] = [];
  const report = createReport(source.file, problems);
  try {
    const pack = yield* readPack(source, new TreeReader(source.text, cutting), report, options);
    if (!pack && cutting.isCut) throw new UncutFault();
    return { pack, problems, report };
  } catch (error) {
    if (!(error instanceof YamlFault)) throw JiminiError.from(error);
    if (cutting.isCut) return yield* readFile(source, options, { isCut: false });
    report.error(error.place, error.message);
    return { problems, report };
  }
}

function* readPack(
  source: PackSource,
  trees: TreeReader,
  report: Report,
  options: LoadOptions,
): Steps<Pack | undefined> {
  const first = yield* trees.next();
  if (!first) return undefined;
  // Only rules are read part by part.
  const goesOn = first.kind === 'map' && first.entries.at(-1)?.key !== 'rules';
  const tree = goesOn ? joined(first, yield* trees.rest()) : first;
  const format = isAncestor(tree) ? 'ancestor' : 'full';
  const common = {
    file: source.file,
    digest: createHash('sha256').update(source.text).digest('hex'),
    format,
    builtin: options.builtin ?? false,
    ancestorDirections: options.ancestorDirections ?? 'inert',
  } as const;
  const items = ruleTrees(tree, report);
  const header = readHeader(source, tree, format, report);
  if (!header || !items) return undefined;
  const dialect = format === 'ancestor' ? 'python' : 're2';
  const rules = yield* readRules(items, trees, report, { ...common, dialect });
  return { ...header, ...common, rules: format === 'ancestor' ? withDefaultSuppression(rules) : rules };
}

function isAncestor(tree: Tree): boolean {
  if (tree.kind !== 'map') return tree.kind === 'list';
  return !tree.entries.some(({ key }) => key === 'name' || key === 'version');
}

function readHeader(source: PackSource, tree: Tree, format: Pack['format'], report: Report) {
  if (format === 'ancestor') {
    if (tree.kind === 'map') {
      const fields = new Fields(tree, report, true);
      fields.onlyKnown(['rules']);
    }
    return { name: source.name, version: '', description: '', except: [] };
  }
  if (tree.kind !== 'map') return undefined;
  const fields = new Fields(tree, report, false);
  fields.onlyKnown(PACK_KEYS);
  const except = readNamedAllowedValues(fields, report);
  fields.require(['name', 'version', ...(fields.get('except') ? [] : ['rules'])]);
  const expected = 'lower-case letters, digits and dashes';
  const name = fields.text('name', { max: 63, shape: PACK_NAME, expected });
  const version = fields.get('version');
  const number = version?.kind === 'scalar' && typeof version.value === 'number' ? version.source : undefined;
  const text = number ?? fields.text('version', { max: 32 });
  const description = fields.text('description', { min: 0, max: 500 }) ?? '';
  return name === undefined || text === undefined ? undefined : { name, version: text, description, except };
}

function ruleTrees(tree: Tree, report: Report): readonly Tree[] | undefined {
  const rules = tree.kind === 'map' ? tree.entries.find(({ key }) => key === 'rules')?.value : tree;
  if (!rules && tree.kind === 'map' && !isAncestor(tree) && tree.entries.some(({ key }) => key === 'except')) return [];
  if (!rules || tree.kind === 'scalar') {
    if (isAncestor(tree) || tree.kind === 'scalar')
      report.error(tree, 'neither a pack (name, version, rules) nor a list of rules');
    return undefined;
  }
  if (rules.kind !== 'list' || rules.items.length === 0 || rules.items.length > LIMITS.packRulesMax) {
    report.error(rules, `rules must be a list of 1 to ${LIMITS.packRulesMax} rules`);
    return undefined;
  }
  return rules.items;
}

/** All usable rules. A second rule of the same id is an error, or, in the older format, takes the first one's place. */
function* readRules(first: readonly Tree[], trees: TreeReader, report: Report, options: ReadOptions): Steps<Rule[]> {
  const rules = new Map<string, Rule>();
  let count = 0;
  for (let items = first; items.length > 0; items = itemsOf(yield* trees.next())) {
    count += items.length;
    if (count > LIMITS.packRulesMax) throw new UncutFault();
    for (const item of items) {
      yield;
      const rule = readRule(item, report, options);
      if (rule) add(rule, rules, report, options);
    }
  }
  return [...rules.values()];
}

function itemsOf(tree: Tree | undefined): readonly Tree[] {
  return tree?.kind === 'list' ? tree.items : [];
}

function add(rule: Rule, rules: Map<string, Rule>, report: Report, { format }: ReadOptions): void {
  const first = rules.get(rule.id);
  if (first && format === 'full') {
    report.error(rule.place, `the id ${rule.id} is taken by the rule in line ${first.place.line}`);
    return;
  }
  if (first) {
    const places = `line ${first.place.line}, column ${first.place.column}`;
    report.warn(rule.place, `the id ${rule.id} stands here a second time: this rule replaces the one at ${places}`);
  }
  rules.set(rule.id, rule); // a Map keeps the place of the first
}
