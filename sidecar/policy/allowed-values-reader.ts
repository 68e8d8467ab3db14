import { allowedValue } from './allowed-values.js';
import { Fields, type Report, readText } from './fields.js';
import type { AllowedValues, NamedAllowedValues } from './pack.js';
import { readLimits } from './reference-reader.js';
import type { Tree } from './yaml-tree.js';

const LISTS_MAX = 1000;
const VALUES_MAX = 10_000;
const VALUE_CHARS_MAX = 4096;
const DIGEST = /^sha256:([0-9a-f]{64})$/i;

/** Reads the key `except` of a rule: values, and lists of values that hold at an endpoint, for a tenant, until a day. */
export function readAllowedValues(fields: Fields, report: Report): AllowedValues[] {
  const items = fields.list('except', { max: VALUES_MAX }) ?? [];
  const always = items.filter(({ kind }) => kind !== 'map');
  const lists = items.flatMap((item) => (item.kind === 'map' ? readList(item, [], report) : []));
  const [first] = always;
  return first ? [{ ...sorted(always, report), place: placeOf(first) }, ...lists] : lists;
}

/** Reads the key `except` of a pack: lists of values, each for a rule of any pack. */
export function readNamedAllowedValues(fields: Fields, report: Report): NamedAllowedValues[] {
  return (fields.list('except', { max: LISTS_MAX }) ?? []).flatMap((item): NamedAllowedValues[] => {
    if (item.kind !== 'map') {
      report.error(item, 'an entry of except must be a mapping with id and values');
      return [];
    }
    const id = new Fields(item, report, false).text('id', { max: 192 });
    return readList(item, ['id'], report).flatMap((list) => (id === undefined ? [] : { ...list, id }));
  });
}

function readList(item: Tree & { kind: 'map' }, more: readonly string[], report: Report): AllowedValues[] {
  const own = new Fields(item, report, false);
  own.onlyKnown([...more, 'values', 'endpoint', 'tenant', 'expires']);
  own.require([...more, 'values']);
  const values = own.list('values', { max: VALUES_MAX });
  return values ? [{ ...sorted(values, report), ...readLimits(own, report), place: placeOf(item) }] : [];
}

/** Values as they are compared, and digests, which stand for values that are not to be read in a pack. */
function sorted(items: readonly Tree[], report: Report): Pick<AllowedValues, 'values' | 'digests'> {
  const values: string[] = [];
  const digests: string[] = [];
  for (const item of items) {
    const text = readText(item, report, { what: 'an entry of except', max: VALUE_CHARS_MAX });
    const digest = text === undefined ? undefined : DIGEST.exec(text)?.[1]?.toLowerCase();
    if (digest !== undefined) digests.push(digest);
    else if (text?.toLowerCase().startsWith('sha256:'))
      report.error(item, 'sha256: must be followed by 64 hexadecimal digits');
    else if (text !== undefined) values.push(allowedValue(text));
  }
  return { values, digests };
}

function placeOf({ line, column }: Tree): { line: number; column: number } {
  return { line, column };
}
