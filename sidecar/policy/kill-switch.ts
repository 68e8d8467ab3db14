import { assertNever } from '../kernel/assert-never.js';
import type { Judgement } from '../kernel/evaluation.js';
import { UNREADABLE_GAP_KINDS } from '../kernel/gap.js';
import type { KillSwitchMode } from '../kernel/switch.js';

/** Whether switches act on this judgement: not on a message that nobody could read. */
export function isSwitchable({ gaps }: Pick<Judgement, 'gaps'>): boolean {
  return !gaps.some(({ kind }) => UNREADABLE_GAP_KINDS.includes(kind));
}

/** The judgement with the effective verdict that the kill switch gives it. */
export function underKillSwitch(judgement: Judgement, mode: KillSwitchMode): Judgement {
  const { maskedText: _, cannotMask: __, ...rest } = judgement;
  switch (mode) {
    case 'bypass':
      return { ...rest, effective: 'ALLOW' };
    case 'lockdown':
      return { ...rest, effective: 'BLOCK' };
    default:
      return assertNever(mode);
  }
}
