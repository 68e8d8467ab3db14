import * as z from 'zod';
import { LIMITS } from '../kernel/limits.js';
import { KILL_SWITCH_MODES, type Switch, type SwitchRefusal } from '../kernel/switch.js';
import type { ShownSwitch } from '../kernel/switch-machine.js';
import type { Config, Origins } from './config.js';
import { readInstant } from './instant.js';
import type { ConfigProblem } from './problem.js';

const line = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*\S[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;

/** It is logged, and told by health: one line, and nothing that a terminal would act on. */
const reason = z
  .string({ error: 'expected a reason in a few words' })
  .max(LIMITS.switchReasonCharsMax)
  .regex(line, { error: 'expected a reason in a few words, on one line and without control characters' })
  .describe('Why, in a few words: it is logged and told by `/health`, never to clients.');

function instant(what: string) {
  const missing = `expected the time at which it ${what}, such as 2026-11-28T12:30:00Z`;
  return z.string({ error: missing }).superRefine((text, context) => {
    const read = readInstant(text);
    if ('reason' in read) context.addIssue({ code: 'custom', message: read.reason });
  });
}

const until = instant('ends').describe('When it ends: a time with its zone, at most an hour after it is first shown.');

const listed = (describe: string) =>
  z
    .array(z.string().min(1).max(LIMITS.configTextCharsMax))
    .min(1)
    .max(LIMITS.configListItemsMax)
    .optional()
    .describe(describe);

const scope = z
  .strictObject(
    {
      endpoints: listed('Endpoints, as patterns like those of rules.'),
      tenants: listed('Tenants, by name.'),
      packs: listed('Packs whose rules are held back; without it those of all packs, and coverage gaps too.'),
    },
    { error: (issue) => (issue.input === undefined ? 'expected endpoints, tenants or packs' : undefined) },
  )
  .refine((parts) => Object.values(parts).some((part) => part !== undefined), {
    error: 'expected endpoints, tenants or packs; endpoints: ["*"] stands for everything',
  });

const window = z.strictObject({
  name: z
    .string({ error: 'expected a name' })
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, { error: 'expected lower-case letters, digits and dashes' })
    .describe('Name of the window: records, metrics and `/health` name it.'),
  reason,
  scope: scope.describe('What is held back: all parts that are named must hold.'),
  from: instant('begins').describe('When it begins: a time with its zone, at most 30 days ahead.'),
  until: instant('ends').describe('When it ends: a time with its zone, at most an hour after `from`.'),
});

/** Null, as a key without a value is, means none. No variable can set it. */
export const killSwitch = z
  .strictObject({
    mode: z
      .enum(KILL_SWITCH_MODES)
      .describe('`bypass` = whatever rules and gaps say passes, `lockdown` = nothing passes.'),
    reason,
    until,
  })
  .nullable()
  .default(null)
  .meta({
    description:
      'For an emergency: let everything pass (`mode: bypass`) or nothing (`mode: lockdown`), with `reason` and `until` (docs/switches.md). Only in the file.',
    'x-reload': 'live',
    'x-file-only': true,
  });

/** No variable can set it. */
export const maintenance = z
  .array(window)
  .max(LIMITS.maintenanceWindowsMax)
  .superRefine((windows, context) => {
    for (const [index, { name }] of windows.entries()) {
      if (windows.findIndex((other) => other.name === name) === index) continue;
      context.addIssue({ code: 'custom', path: [index, 'name'], message: 'another window has this name' });
    }
  })
  .default([])
  .meta({
    description:
      'Windows of time in which part of the traffic is judged as in shadow: `name`, `reason`, `scope`, `from`, `until` (docs/switches.md). Only in the file.',
    'x-reload': 'live',
    'x-file-only': true,
  });

/** The switches that a configuration shows, the kill switch first. */
export function switchesOf(config: Pick<Config, 'killSwitch' | 'maintenance'>): readonly Switch[] {
  const { killSwitch: thrown } = config;
  const first: Switch[] = thrown
    ? [{ kind: 'kill_switch', mode: thrown.mode, reason: thrown.reason, untilMs: msOf(thrown.until) }]
    : [];
  return [
    ...first,
    ...config.maintenance.map(({ name, reason: why, scope: where, from, until: end }) => ({
      kind: 'maintenance' as const,
      name,
      reason: why,
      scope: Object.fromEntries(Object.entries(where).filter(([, part]) => part !== undefined)),
      fromMs: msOf(from),
      untilMs: msOf(end),
    })),
  ];
}

/** What `refusals` (one list for each of `switchesOf`) say of a configuration, and where it says that. */
export function switchProblems(
  { config, origins }: { readonly config: Pick<Config, 'killSwitch'>; readonly origins: Origins },
  refusals: readonly (readonly SwitchRefusal[])[],
): readonly ConfigProblem[] {
  const windowsFrom = config.killSwitch ? 1 : 0;
  return refusals.flatMap((list, index) => {
    const place = index < windowsFrom ? 'killSwitch' : `maintenance[${index - windowsFrom}]`;
    return list.map(({ key, message }) => {
      const path = `${place}.${key}`;
      return { key: path, message, origin: origins.get(path) ?? { kind: 'default' as const } };
    });
  });
}

/** A kill switch that has ended and still stands in the configuration: somebody may believe that it acts. Windows stay there as a matter of course. */
export function endedKillSwitch(origins: Origins, shown: readonly ShownSwitch[]): readonly ConfigProblem[] {
  const isOver = shown.some(({ definition, now }) => definition.kind === 'kill_switch' && now.phase === 'over');
  if (!isOver) return [];
  const key = 'killSwitch.until';
  const message = 'has passed, so that the kill switch does nothing; remove it, or write a later time';
  return [{ key, message, origin: origins.get(key) ?? { kind: 'default' } }];
}

/** The schema has let it through. */
function msOf(text: string): number {
  const read = readInstant(text);
  if ('reason' in read) throw new RangeError(read.reason);
  return read.ms;
}
