import type { Scanned } from './canonical-scan.js';

/** A leaf that was read. */
export type Leaf = ReadonlyMap<string, Scanned>;
/** Whether a value is what a field may be; some fields depend on others of the leaf. */
export type Check = (value: Scanned | undefined, leaf: Leaf) => boolean;

const HASH = /^[0-9a-f]{64}$/;
const LOG_ID = /^[a-z2-7]{26}$/;
const WORD = /^[a-z][a-z0-9_]{0,31}$/;
const BUCKET = /^(0|[1-9][0-9]{0,14})(?:-([1-9][0-9]{0,14}))?$/;

export const text: Check = (value) => typeof value === 'string';
export const count: Check = (value) => typeof value === 'number' && value >= 0;
export const hash: Check = (value) => typeof value === 'string' && HASH.test(value);
export const hashOrEmpty: Check = (value) => value === '' || (typeof value === 'string' && HASH.test(value));
export const logId: Check = (value) => typeof value === 'string' && LOG_ID.test(value);
/** A code, never free text. */
export const word: Check = (value) => typeof value === 'string' && WORD.test(value);
/** How many, not exactly: `0`, or a range such as `11-100`. */
export const bucket: Check = (value) => {
  const [, low, high] = typeof value === 'string' ? (BUCKET.exec(value) ?? []) : [];
  if (low === undefined) return false;
  return high === undefined ? low === '0' : low !== '0' && Number(low) <= Number(high);
};

export const oneOf =
  (...values: string[]): Check =>
  (value) =>
    typeof value === 'string' && values.includes(value);
export const listOf =
  (most: number, item: Check): Check =>
  (value, leaf) =>
    Array.isArray(value) && value.length <= most && value.every((each) => item(each, leaf));
export const optional =
  (check: Check): Check =>
  (value, leaf) =>
    value === undefined || check(value, leaf);
