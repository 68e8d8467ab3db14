import type { Clock } from '../kernel/clock.js';
import type { Evaluation } from '../kernel/evaluation.js';
import type { AdminFields } from '../kernel/leaf.js';
import { LIMITS } from '../kernel/limits.js';
import {
  type KillSwitchMode,
  type Switch,
  type SwitchRefusal,
  switchDigest,
  switchKey,
  switchName,
  switchPlace,
} from '../kernel/switch.js';
import {
  advanceSwitches,
  createSwitchMachine,
  type Moment,
  type ShownSwitch,
  type SwitchEvent,
  type SwitchMachine,
  type SwitchNote,
  type SwitchStep,
  showSwitches,
  switchNotes,
} from '../kernel/switch-machine.js';
import { createMaintenanceWindow, type MaintenanceWindow } from '../policy/maintenance.js';

/** The switches that are in force, as decisions see them. */
export interface ActingSwitches {
  killSwitch(): KillSwitchMode | undefined;
  /** The maintenance windows that cover an evaluation, in the order of the configuration. */
  windowsFor(evaluation: Pick<Evaluation, 'endpoint' | 'tenant'>): readonly MaintenanceWindow[];
}

/** A switch as it stands, for people and metrics. */
export interface SwitchState extends Pick<ShownSwitch, 'definition'> {
  /** `recording`: its time has come, and it acts as soon as that is in the log. */
  readonly state: 'waiting' | 'recording' | 'acting' | 'over';
}

/** All switches of a process. */
export interface Switchboard extends ActingSwitches {
  /** Takes what the configuration shows now; refusals, one list for each switch, leave what was in force. */
  show(definitions: readonly Switch[]): readonly (readonly SwitchRefusal[])[];
  /** All maintenance windows that act. */
  windows(): readonly MaintenanceWindow[];
  states(): readonly SwitchState[];
  /** From now on what happens is recorded. To be called once the log has begun. */
  begin(): void;
  /** Records what is left, notes how long switches have acted, and stops. */
  close(): Promise<void>;
}

/** What a switchboard needs from outside. */
export interface SwitchboardOptions {
  readonly clock: Clock;
  /** What an earlier run has noted. */
  readonly notes: readonly SwitchNote[];
  /** Resolves when the notes are on disk. */
  readonly save: (notes: readonly SwitchNote[]) => Promise<void>;
  /** Resolves when the leaf is on disk. */
  readonly record: (fields: AdminFields) => Promise<unknown>;
  /** Told of each event when it happens. */
  readonly onEvent: (event: SwitchEvent) => void;
  /** Told when noting or recording begins to fail; it is tried again each second. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Holds the switches and their times. A lockdown acts at once. What loosens acts when it is in the log: a pass that nothing
 * explains must not be. What ends, ends at once, and is recorded as soon as the store takes it.
 */
export function createSwitchboard(options: SwitchboardOptions): Switchboard {
  return new RecordedSwitchboard(options);
}

class RecordedSwitchboard implements Switchboard {
  readonly #options: SwitchboardOptions;
  #machine: SwitchMachine;
  /** What is to be recorded, in order. */
  #queue: SwitchEvent[] = [];
  /** Effects of switches that the log knows to be in force. */
  #recorded = new Set<string>();
  #windows: readonly MaintenanceWindow[] = [];
  #mode: KillSwitchMode | undefined;
  #isUnsaved = false;
  #savedMonoMs = Number.NEGATIVE_INFINITY;
  #hasFailed = false;
  #timer: NodeJS.Timeout | undefined;
  #busy: Promise<void> | undefined;

  constructor(options: SwitchboardOptions) {
    this.#options = options;
    this.#machine = createSwitchMachine(options.notes);
  }

  show(definitions: readonly Switch[]): readonly (readonly SwitchRefusal[])[] {
    if (definitions.length === 0 && this.#machine.shown.length === 0) return [];
    const step = showSwitches(this.#machine, definitions, this.#now());
    this.#take(step);
    return step.refusals;
  }

  killSwitch(): KillSwitchMode | undefined {
    this.#advance();
    return this.#mode;
  }

  windows(): readonly MaintenanceWindow[] {
    this.#advance();
    return this.#windows;
  }

  windowsFor(evaluation: Pick<Evaluation, 'endpoint' | 'tenant'>): readonly MaintenanceWindow[] {
    const windows = this.windows();
    return windows.length === 0 ? windows : windows.filter((window) => window.covers(evaluation));
  }

  states(): readonly SwitchState[] {
    this.#advance();
    return this.#machine.shown.map((one) => {
      const { definition, now } = one;
      if (now.phase !== 'acting') return { definition, state: now.phase };
      return { definition, state: this.#isInForce(one) ? 'acting' : 'recording' };
    });
  }

  begin(): void {
    this.#timer ??= setInterval(() => this.#tick(), LIMITS.switchTickMs);
    this.#timer.unref();
    this.#tick();
  }

  async close(): Promise<void> {
    const hasBegun = this.#timer !== undefined;
    clearInterval(this.#timer);
    await this.#busy;
    this.#isUnsaved ||= this.#machine.shown.length > 0;
    if (hasBegun) this.#work();
    else if (this.#isUnsaved) this.#busy = this.#save().catch(this.#options.onFailure);
    await this.#busy;
  }

  #now(): Moment {
    const { clock } = this.#options;
    return { wallMs: clock.nowMs(), monoMs: Number(clock.monotonicNs()) / 1e6 };
  }

  #advance(): void {
    if (this.#machine.shown.length > 0) this.#take(advanceSwitches(this.#machine, this.#now()));
  }

  #tick(): void {
    this.#advance();
    const acts = this.#machine.shown.some(({ now }) => now.phase === 'acting');
    if (acts && this.#now().monoMs - this.#savedMonoMs >= LIMITS.switchSaveMs) this.#isUnsaved = true;
    this.#work();
  }

  #take({ machine, events }: SwitchStep): void {
    if (machine === this.#machine) return;
    this.#machine = machine;
    this.#queue.push(...events);
    this.#isUnsaved = true;
    this.#settle();
    for (const event of events) this.#options.onEvent(event);
    if (this.#timer) this.#work();
  }

  /** What is in force, worked out once for all decisions until something changes. */
  #settle(): void {
    const effects = new Set(this.#acting().map(({ definition }) => effectOf(definition)));
    this.#recorded = new Set([...this.#recorded].filter((effect) => effects.has(effect)));
    const inForce = this.#acting().filter((one) => this.#isInForce(one));
    const modes = inForce.flatMap(({ definition }) => (definition.kind === 'kill_switch' ? definition.mode : []));
    this.#mode = modes.includes('lockdown') ? 'lockdown' : modes[0];
    this.#windows = inForce.flatMap(({ definition }) =>
      definition.kind === 'maintenance' ? createMaintenanceWindow(definition) : [],
    );
  }

  #acting(): readonly ShownSwitch[] {
    return this.#machine.shown.filter(({ now }) => now.phase === 'acting');
  }

  #isInForce({ definition }: ShownSwitch): boolean {
    const isLockdown = definition.kind === 'kill_switch' && definition.mode === 'lockdown';
    return isLockdown || this.#recorded.has(effectOf(definition));
  }

  get #hasWork(): boolean {
    return this.#isUnsaved || this.#queue.length > 0;
  }

  #work(): void {
    if (this.#hasWork) this.#busy ??= this.#run();
  }

  async #run(): Promise<void> {
    try {
      while (this.#hasWork) {
        if (this.#isUnsaved) await this.#save();
        await this.#recordFirst();
      }
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) this.#options.onFailure(error);
      this.#hasFailed = true;
    } finally {
      this.#busy = undefined;
    }
  }

  async #save(): Promise<void> {
    this.#isUnsaved = false;
    const now = this.#now();
    try {
      await this.#options.save(this.#notes(now));
      this.#savedMonoMs = now.monoMs;
    } catch (error) {
      this.#isUnsaved = true;
      throw error;
    }
  }

  /** An end that the log does not tell yet is noted as one that is still to be found, so that the next run tells it. */
  #notes(now: Moment): readonly SwitchNote[] {
    const untold = this.#queue.flatMap(({ event, definition }) => (event === 'expire' ? switchKey(definition) : []));
    return switchNotes(this.#machine, now).map((note) =>
      untold.includes(note.key) ? { ...note, isOver: false, reachedMs: Math.max(note.reachedMs, note.untilMs) } : note,
    );
  }

  async #recordFirst(): Promise<void> {
    const [event] = this.#queue;
    if (!event) return;
    await this.#options.record(adminFieldsOf(event));
    this.#queue.shift();
    const { definition } = event;
    const isLatest = !this.#queue.some((later) => switchPlace(later.definition) === switchPlace(definition));
    if (isLatest) this.#recorded.add(effectOf(definition));
    this.#isUnsaved ||= event.event === 'expire';
    this.#settle();
  }
}

/** What a switch does to verdicts: whether the log says so is asked of this, so that a bypass that is renewed acts on. */
function effectOf(definition: Switch): string {
  return definition.kind === 'kill_switch' ? definition.mode : `maintenance ${switchDigest(definition)}`;
}

function adminFieldsOf({ event, definition, firstShownMs }: SwitchEvent): AdminFields {
  return {
    kind: 'admin',
    op: definition.kind,
    event,
    name: switchName(definition),
    digest: switchDigest(definition),
    first_shown_ms: firstShownMs,
    ...(definition.kind === 'maintenance' && { from_ms: definition.fromMs }),
    until_ms: definition.untilMs,
  };
}
