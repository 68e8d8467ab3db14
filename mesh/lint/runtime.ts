import type { Report } from './checks.js';
import { percentOf } from './percent.js';
import { at, type Field, field, fieldsAt, isTrue, listAt, type Tree, textAt } from './tree.js';

/**
 * Checks what a bootstrap's static runtime layers make of the runtime keys that an ext_authz filter depends on
 * (envoy/config/bootstrap/v3/bootstrap.proto, RuntimeLayer).
 */
export function checkRuntime(report: Report, maps: readonly Tree[], authz: Tree): void {
  const values = maps
    .flatMap((tree) => listAt(tree, 'layered_runtime', 'layers'))
    .flatMap((layer) => {
      const values = field(layer, 'static_layer');
      return values ? flatten(values.value, '') : [];
    });
  const valuesOf = (name: string) => values.filter(({ key }) => key === textAt(authz, name, 'runtime_key'));
  for (const { key, value } of valuesOf('filter_enabled')) {
    const percent = percentOf(value.value);
    if (percent < 100) report('sampled-requests', value, `the runtime key ${key} is ${percent} %`);
  }
  for (const { key, value } of valuesOf('deny_at_disable')) {
    if (!isTrue(value))
      report('runtime-switch', value, `the runtime key ${key} is ${textAt(value.value) ?? 'not true'}`);
  }
}

interface RuntimeValue {
  readonly key: string;
  readonly value: Field;
}

/** Keys may be written in one, with dots, or nested; a map that holds a fraction is a value. */
function flatten(layer: Tree, prefix: string): RuntimeValue[] {
  return fieldsAt(layer).flatMap((value) => {
    const key = `${prefix}${value.name}`;
    const isValue = value.value.kind !== 'map' || at(value.value, 'numerator') !== undefined;
    return isValue ? [{ key, value }] : flatten(value.value, `${key}.`);
  });
}
