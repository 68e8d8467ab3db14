import type { MatchedRule } from '../kernel/evaluation.js';
import {
  FIXED_GAP_KINDS,
  GAP_ACTIONS,
  GAP_KINDS,
  type Gap,
  type GapAction,
  type GapKind,
  verdictOfGapAction,
} from '../kernel/gap.js';
import { stricter, type Verdict, verdictOfAction } from '../kernel/verdict.js';

/** Settings that influence verdicts. */
export interface VerdictSettings {
  /** Rules and gaps count as `allow`, but for rules that say `shadow_override: enforce` and for fixed gaps. */
  readonly shadow: boolean;
  /** What a failing or exhausted engine means. */
  readonly onError: GapAction;
  /** What differs from the defaults of the gap kinds. Fixed kinds cannot differ. */
  readonly gapActions: Partial<Record<GapKind, GapAction>>;
  /** What MASK becomes where the door cannot change a body; absent = `block`. */
  readonly maskInExtAuthz?: 'block' | 'flag';
  /** What differs on named routes; absent = there are none. */
  readonly routes?: ReadonlyMap<string, RouteVerdicts>;
  /** Secret of the mask style `hash`: equal texts have equal digests under one key. Influences no verdict. */
  readonly maskKey?: string;
  /** Classifiers that can be asked, by name, with what it means when one gives no usable answer; absent = none. */
  readonly classifiers?: ReadonlyMap<string, GapAction>;
  /** Whatever else decides what is judged (such as which query parameters are content), as text: it goes into the revision. */
  readonly otherInputs?: string;
}

/** Whether some gap, or a failing engine, counts for less on a route than elsewhere. */
export function isLooser({ gapActions, onError = 'deny' }: RouteVerdicts, elsewhere: VerdictSettings): boolean {
  const kinds = Object.keys(gapActions) as GapKind[];
  const isLess = (here: GapAction, there: GapAction) => GAP_ACTIONS.indexOf(here) > GAP_ACTIONS.indexOf(there);
  return (
    isLess(onError, elsewhere.onError) ||
    kinds.some((kind) => isLess(gapActions[kind] ?? 'deny', gapActionOf(kind, elsewhere)))
  );
}

/** What a named route decides differently. */
export interface RouteVerdicts {
  readonly gapActions: VerdictSettings['gapActions'];
  /** Absent = as everywhere. */
  readonly onError?: GapAction;
}

/** What `settingsOn` has made, so that it makes nothing for each request. */
const madeFor = new WeakMap<VerdictSettings, Map<string, VerdictSettings>>();

/** The settings as they are on a route; undefined, or a name that is not known: as they are elsewhere. */
export function settingsOn(route: string | undefined, settings: VerdictSettings): VerdictSettings {
  const differing = route === undefined ? undefined : settings.routes?.get(route);
  if (route === undefined || differing === undefined) return settings;
  const made = madeFor.get(settings) ?? new Map<string, VerdictSettings>();
  madeFor.set(settings, made);
  const known = made.get(route);
  if (known) return known;
  const { onError = settings.onError, gapActions } = differing;
  const ofRoute = { ...settings, onError, gapActions: { ...settings.gapActions, ...gapActions } };
  made.set(route, ofRoute);
  return ofRoute;
}

/** What happens about one kind of gap. For `classifier:unavailable` it is the default; each classifier has its own. */
export function gapActionOf(kind: GapKind, settings: VerdictSettings): GapAction {
  if (FIXED_GAP_KINDS.includes(kind)) return 'deny';
  if (kind === 'engine:error' || kind === 'engine:budget') return settings.onError;
  return settings.gapActions[kind] ?? GAP_KINDS[kind].action;
}

/** The verdict of a gap before and after shadow, which may hold it back. */
export function verdictOfGap(action: GapAction, isHeldBack: boolean): { raw: Verdict; effective: Verdict } {
  const raw = verdictOfGapAction(action);
  return { raw, effective: isHeldBack ? 'ALLOW' : raw };
}

/** The strictest of all rules and gaps, before and after shadow; `areGapsInShadow`: by the setting or otherwise. */
export function verdictsOf(
  matched: readonly MatchedRule[],
  gaps: readonly Gap[],
  settings: VerdictSettings,
  areGapsInShadow = settings.shadow,
): { raw: Verdict; effective: Verdict } {
  let raw: Verdict = 'ALLOW';
  let effective: Verdict = 'ALLOW';
  for (const rule of matched) {
    raw = stricter(raw, verdictOfAction(rule.action));
    effective = stricter(effective, verdictOfAction(rule.effectiveAction));
  }
  for (const { kind } of gaps) {
    const gap = verdictOfGap(gapActionOf(kind, settings), areGapsInShadow && !FIXED_GAP_KINDS.includes(kind));
    raw = stricter(raw, gap.raw);
    effective = stricter(effective, gap.effective);
  }
  return { raw, effective };
}
