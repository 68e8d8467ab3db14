import { numberOf, type Tree } from './tree.js';

const FACTORS: Readonly<Record<string, number>> = {
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
};

/** Bytes, as a number or a Kubernetes quantity (`32Mi`); undefined for anything else. */
export function byteCountOf(tree: Tree): number | undefined {
  const plain = numberOf(tree);
  if (plain !== undefined || tree.kind !== 'scalar') return plain;
  const [, digits = '', unit = ''] = /^(\d{1,12}(?:\.\d{1,6})?)([kKMG]i?)B?$/.exec(String(tree.value).trim()) ?? [];
  const factor = FACTORS[unit];
  return factor === undefined ? undefined : Math.round(Number(digits) * factor);
}

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 1e-3, ns: 1e-6 };

/** Milliseconds of a duration as protobuf's JSON (`1.5s`) or Go (`1m30s`) write it; undefined for anything else. */
export function durationMsOf(tree: Tree): number | undefined {
  const text = tree.kind === 'scalar' ? String(tree.value).trim() : '';
  if (text === '0') return 0;
  if (!/^(\d{1,12}(\.\d{1,9})?(h|ms|m|us|ns|s))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/([\d.]+)(h|ms|m|us|ns|s)/g)];
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNIT_MS[unit] ?? 0), 0);
}
