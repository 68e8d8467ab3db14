import { createHash } from 'node:crypto';
import { type CanonicalValue, canonicalJson } from './canonical-json.js';
import { LIMITS } from './limits.js';

/** `bypass` = everything may pass, `lockdown` = nothing may. */
export const KILL_SWITCH_MODES = ['bypass', 'lockdown'] as const;
/** One of `KILL_SWITCH_MODES`. */
export type KillSwitchMode = (typeof KILL_SWITCH_MODES)[number];

/** What an operator throws in an emergency. */
export interface KillSwitch {
  readonly kind: 'kill_switch';
  readonly mode: KillSwitchMode;
  /** The operator's words, one printable line. */
  readonly reason: string;
  /** When it ends, ms since 1970. */
  readonly untilMs: number;
}

/** A time in which part of the traffic is judged as in shadow. */
export interface Maintenance {
  readonly kind: 'maintenance';
  /** Unique among the windows of a configuration. */
  readonly name: string;
  /** The operator's words, one printable line. */
  readonly reason: string;
  readonly scope: MaintenanceScope;
  /** When it begins and ends, ms since 1970. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** All parts that are there must hold; at least one is. */
export interface MaintenanceScope {
  /** Patterns like those of rules. */
  readonly endpoints?: readonly string[];
  readonly tenants?: readonly string[];
  /** Packs whose rules are held back; without it all rules are, and gaps too. */
  readonly packs?: readonly string[];
}

/** A kill switch or a maintenance window. */
export type Switch = KillSwitch | Maintenance;

/** Why a switch may not be as it is, and which of its keys is to blame. */
export interface SwitchRefusal {
  readonly key: 'from' | 'until';
  readonly message: string;
}

/** `bypass`, `lockdown`, or the name of the window: what people call it. */
export function switchName(one: Switch): string {
  return one.kind === 'kill_switch' ? one.mode : one.name;
}

/** The place that a switch takes: what is shown in the same place later replaces it. */
export function switchPlace(one: Switch): string {
  return `${one.kind} ${switchName(one)}`;
}

/** What makes a switch another one that may last again: its place and its times. Reason and scope do not. */
export function switchKey(one: Switch): string {
  const fromMs = one.kind === 'maintenance' ? [one.fromMs] : [];
  return [switchPlace(one), ...fromMs, one.untilMs].join(' ');
}

/** Hex SHA-256 of everything that was said of it, in canonical JSON. */
export function switchDigest(one: Switch): string {
  return createHash('sha256')
    .update(canonicalJson(one as unknown as CanonicalValue))
    .digest('hex');
}

/** What is wrong with the times of a switch that was shown for the first time at `firstShownMs`; one that has ended is in order. */
export function switchRefusals(one: Switch, firstShownMs: number): readonly SwitchRefusal[] {
  const { untilMs } = one;
  if (one.kind === 'kill_switch') {
    if (untilMs - firstShownMs <= LIMITS.switchMsMax) return [];
    const first = new Date(firstShownMs).toISOString();
    return [
      until(`is more than an hour after it was first shown (${first}); write an earlier time, and renew it later`),
    ];
  }
  const { fromMs } = one;
  const early = fromMs - firstShownMs <= LIMITS.maintenanceAheadMsMax;
  return [
    ...(early ? [] : [{ key: 'from' as const, message: 'is more than 30 days ahead' }]),
    ...(untilMs > fromMs ? [] : [until('is not after from')]),
    ...(untilMs - fromMs <= LIMITS.switchMsMax ? [] : [until('is more than an hour after from')]),
  ];
}

function until(message: string): SwitchRefusal {
  return { key: 'until', message };
}
