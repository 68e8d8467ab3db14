import { assertNever } from './assert-never.js';
import { LIMITS } from './limits.js';
import { type Switch, type SwitchRefusal, switchDigest, switchKey, switchPlace, switchRefusals } from './switch.js';

/** One moment on both clocks. */
export interface Moment {
  /** Wall clock, ms since 1970. May jump. */
  readonly wallMs: number;
  /** Monotonic clock, ms; comparable within one run only. */
  readonly monoMs: number;
}

/** What is remembered of a switch, also over a restart, so that a second showing is no first one. */
export interface SwitchNote {
  /** See `switchKey`. */
  readonly key: string;
  readonly untilMs: number;
  /** Wall clock of the first showing, ms since 1970. */
  readonly firstShownMs: number;
  /** The latest time that had come for it, whatever the wall clock says later; ms since 1970. */
  readonly reachedMs: number;
  /** It has ended, for good. */
  readonly isOver: boolean;
}

/** What a switch does now. */
export type SwitchPhase =
  | { readonly phase: 'waiting' }
  | { readonly phase: 'acting'; readonly since: Since }
  | { readonly phase: 'over' };

/** What time it was, at the latest and at the earliest, when the monotonic clock began to count for a switch. */
interface Since {
  readonly monoMs: number;
  readonly latestMs: number;
  readonly earliestMs: number;
}

/** A switch that the configuration shows. */
export interface ShownSwitch {
  readonly definition: Switch;
  readonly note: SwitchNote;
  readonly now: SwitchPhase;
}

/** All switches, as a value: every function gives the next one, and time comes in from outside. */
export interface SwitchMachine {
  readonly shown: readonly ShownSwitch[];
  /** Of switches that are not shown, but were: taken out of the configuration, or refused. By key. */
  readonly notes: ReadonlyMap<string, SwitchNote>;
}

/** What has become of a switch. `change` = another time, scope or reason, while it acts. */
export interface SwitchEvent {
  readonly event: 'begin' | 'change' | 'lift' | 'expire';
  readonly definition: Switch;
  readonly firstShownMs: number;
}

/** The next machine, and what has happened on the way to it, in order. */
export interface SwitchStep {
  readonly machine: SwitchMachine;
  readonly events: readonly SwitchEvent[];
}

/** A machine that knows nothing but what an earlier run has noted. */
export function createSwitchMachine(notes: readonly SwitchNote[]): SwitchMachine {
  return { shown: [], notes: new Map(notes.map((note) => [note.key, note])) };
}

/** Lets time go by: switches begin and end. */
export function advanceSwitches(machine: SwitchMachine, now: Moment): SwitchStep {
  const events: SwitchEvent[] = [];
  const shown = machine.shown.map((one) => {
    const next = nextPhase(one, now);
    if (next === one.now) return one;
    const note = noteAt({ ...one, now: next }, now);
    if (next.phase === 'acting') events.push(eventOf('begin', one));
    if (next.phase === 'over') events.push(eventOf('expire', one));
    return { ...one, note, now: next };
  });
  return events.length === 0 ? { machine, events } : { machine: { ...machine, shown }, events };
}

/**
 * Takes what the configuration shows instead of what it showed before. When the times of one are refused nothing changes
 * but that all have been shown now, so that what is refused today does not act tomorrow, when its end has come near.
 * `refusals` has one list for each definition.
 */
export function showSwitches(
  before: SwitchMachine,
  definitions: readonly Switch[],
  now: Moment,
): SwitchStep & { readonly refusals: readonly (readonly SwitchRefusal[])[] } {
  const { machine, events: passed } = advanceSwitches(before, now);
  const known = new Map([...machine.notes, ...machine.shown.map(({ note }) => [note.key, note] as const)]);
  const noteFor = (definition: Switch) => known.get(switchKey(definition)) ?? firstNote(definition, now);
  const refusals = definitions.map((one) => switchRefusals(one, noteFor(one).firstShownMs));
  if (refusals.some(({ length }) => length > 0)) {
    const notes = new Map(machine.notes);
    for (const one of definitions) if (!known.has(switchKey(one))) notes.set(switchKey(one), noteFor(one));
    return { machine: { ...machine, notes: remembered(notes) }, events: passed, refusals };
  }
  const shown = definitions.map((definition): ShownSwitch => {
    const note = noteFor(definition);
    const same = machine.shown.find(({ note: other }) => other.key === note.key);
    if (same) return { ...same, definition };
    const phase = firstPhase(definition, note, now);
    return { definition, note: noteAt({ definition, note, now: phase }, now), now: phase };
  });
  const notes = new Map(machine.notes);
  for (const one of machine.shown) notes.set(one.note.key, noteAt(one, now));
  for (const { note } of shown) notes.delete(note.key);
  const events = [...passed, ...differences(machine, shown)];
  return { machine: { shown, notes: remembered(notes) }, events, refusals };
}

/** All that has to outlive this run, as of now. */
export function switchNotes({ shown, notes }: SwitchMachine, now: Moment): readonly SwitchNote[] {
  return [...shown.map((one) => noteAt(one, now)), ...notes.values()];
}

function differences(machine: SwitchMachine, shown: readonly ShownSwitch[]): SwitchEvent[] {
  const inPlace = (list: readonly ShownSwitch[], { definition }: ShownSwitch) =>
    list.find((other) => switchPlace(other.definition) === switchPlace(definition));
  const wasOver = (key: string) =>
    machine.notes.get(key)?.isOver || machine.shown.some(({ note }) => note.key === key && note.isOver);
  const acts = (one: ShownSwitch | undefined) => one?.now.phase === 'acting';
  const shownNow = shown.flatMap((one): SwitchEvent[] => {
    const old = inPlace(machine.shown, one);
    switch (one.now.phase) {
      case 'acting':
        if (!old || !acts(old)) return [eventOf('begin', one)];
        return switchDigest(old.definition) === switchDigest(one.definition) ? [] : [eventOf('change', one)];
      case 'over':
        return wasOver(one.note.key) ? [] : [eventOf('expire', one)];
      case 'waiting':
        return [];
      default:
        return assertNever(one.now);
    }
  });
  const lifted = machine.shown.filter((old) => acts(old) && !acts(inPlace(shown, old)));
  return [...shownNow, ...lifted.map((old) => eventOf('lift', old))];
}

function nextPhase(one: ShownSwitch, now: Moment): SwitchPhase {
  switch (one.now.phase) {
    case 'waiting': {
      const next = firstPhase(one.definition, one.note, now);
      return next.phase === 'waiting' ? one.now : next;
    }
    case 'acting':
      return timeOf(one.definition, one.now.since, now) < one.definition.untilMs ? one.now : OVER;
    case 'over':
      return one.now;
    default:
      return assertNever(one.now);
  }
}

const OVER: SwitchPhase = { phase: 'over' };

/** While nobody counted, a lockdown goes by the wall clock alone; what loosens also by the latest time that was noted. */
function firstPhase(definition: Switch, note: SwitchNote, { wallMs, monoMs }: Moment): SwitchPhase {
  const since = { monoMs, latestMs: Math.max(wallMs, note.reachedMs), earliestMs: wallMs };
  const time = timeOf(definition, since, { wallMs, monoMs });
  if (note.isOver || time >= definition.untilMs) return OVER;
  if (definition.kind === 'maintenance' && time < definition.fromMs) return { phase: 'waiting' };
  return { phase: 'acting', since };
}

/** The time that counts: for a lockdown the earlier of what both clocks say, so that it ends at the later; else the later. */
function timeOf(definition: Switch, since: Since, { wallMs, monoMs }: Moment): number {
  const elapsedMs = monoMs - since.monoMs;
  return definition.kind === 'kill_switch' && definition.mode === 'lockdown'
    ? Math.min(wallMs, since.earliestMs + elapsedMs)
    : Math.max(wallMs, since.latestMs + elapsedMs);
}

function firstNote(definition: Switch, { wallMs }: Moment): SwitchNote {
  const { untilMs } = definition;
  return { key: switchKey(definition), untilMs, firstShownMs: wallMs, reachedMs: wallMs, isOver: false };
}

function noteAt({ definition, note, now }: ShownSwitch, moment: Moment): SwitchNote {
  switch (now.phase) {
    case 'waiting':
      return note;
    case 'acting':
      return { ...note, reachedMs: Math.max(note.reachedMs, timeOf(definition, now.since, moment)) };
    case 'over':
      return { ...note, isOver: true };
    default:
      return assertNever(now);
  }
}

/** What has ended is remembered too: a clock set back makes no new switch of it. Of too many, those that end last are kept. */
function remembered(notes: ReadonlyMap<string, SwitchNote>): ReadonlyMap<string, SwitchNote> {
  if (notes.size <= LIMITS.switchNotesMax) return notes;
  return new Map([...notes].sort(([, a], [, b]) => b.untilMs - a.untilMs).slice(0, LIMITS.switchNotesMax));
}

function eventOf(event: SwitchEvent['event'], { definition, note }: ShownSwitch): SwitchEvent {
  return { event, definition, firstShownMs: note.firstShownMs };
}
