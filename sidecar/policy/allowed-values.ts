import { createHash } from 'node:crypto';
import { comparableText } from './character-table.js';
import { foldText } from './fold.js';
import type { AllowedValues } from './pack.js';

const NUMBER = /^\d[\d -]*$/;

/** Makes the test whether the text that a rule found is one of those that its exceptions allow. */
export function allowedValueTest(lists: readonly AllowedValues[]): (value: string) => boolean {
  const values = new Set(lists.flatMap((list) => list.values));
  const digests = new Set(lists.flatMap((list) => list.digests));
  return (value) =>
    values.has(allowedValue(value)) || (digests.size > 0 && digests.has(sha256(withoutGroups(foldText(value)))));
}

/** A value as it is compared: widths and case do not matter, nor do the spaces and dashes that group a number. */
export function allowedValue(value: string): string {
  return withoutGroups(comparableText(value));
}

function withoutGroups(text: string): string {
  return NUMBER.test(text) ? text.replace(/[ -]/g, '') : text;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
