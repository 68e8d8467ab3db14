import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const CATEGORIES = ['secrets', 'pii', 'pci', 'hipaa', 'cjis', 'prompt_injection'] as const;

const RECORD = z.object({
  source: z.string(),
  category: z.enum(CATEGORIES),
  text: z.string(),
  expected: z.enum(['match', 'no_match']),
  entity: z.string().default(''),
  scope: z.enum(['category', 'entity', 'whole-string']).default('category'),
  spans: z.array(z.string()).optional(),
  count: z.number().int().nonnegative().optional(),
  negative_for: z.array(z.enum([...CATEGORIES, 'structured_pii'])).optional(),
});

/** One labelled text. `scope` is how far the label reaches, `negative_for` every category for which it holds. */
export type Case = z.infer<typeof RECORD> & { readonly file: string };

/** A folder of cases, and `file:line: fault` for every line that is none. */
export interface CaseSet {
  readonly cases: readonly Case[];
  readonly faults: readonly string[];
}

/** Reads every `.jsonl` file of the folder, in order of names; a file's name without its ending is the cases' `file`. */
export function readCases(folder: string): CaseSet {
  const cases: Case[] = [];
  const faults: string[] = [];
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.jsonl')) continue;
    const path = join(folder, name);
    for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
      if (line.trim() === '') continue;
      const read = readRecord(line);
      if (typeof read === 'string') faults.push(`${path}:${index + 1}: ${read}`);
      else cases.push({ ...read, file: name.slice(0, -'.jsonl'.length) });
    }
  }
  return { cases, faults };
}

/** The record, or what is wrong with it. */
function readRecord(line: string): z.infer<typeof RECORD> | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'not JSON';
  }
  const { data, error } = RECORD.safeParse(value);
  return data ?? error?.issues.map(({ path, message }) => `${path.join('.') || 'record'}: ${message}`).join('; ') ?? '';
}
