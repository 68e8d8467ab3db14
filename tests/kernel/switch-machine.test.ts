import test from 'ava';
import fc from 'fast-check';
import {
  type KillSwitch,
  type Maintenance,
  type Switch,
  switchDigest,
  switchKey,
  switchRefusals,
} from '../../sidecar/kernel/switch.js';
import {
  advanceSwitches,
  createSwitchMachine,
  type SwitchEvent,
  type SwitchMachine,
  type SwitchNote,
  showSwitches,
  switchNotes,
} from '../../sidecar/kernel/switch-machine.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const START_MS = Date.parse('2026-11-28T12:00:00Z');

const bypass = (minutes: number, reason = 'a rule blocks everything'): KillSwitch => {
  return { kind: 'kill_switch', mode: 'bypass', reason, untilMs: START_MS + minutes * MINUTE_MS };
};
const lockdown = (minutes: number): KillSwitch => ({ ...bypass(minutes, 'a leak'), mode: 'lockdown' });
const window = (from: number, to: number, name = 'move'): Maintenance => ({
  kind: 'maintenance',
  name,
  reason: 'a move',
  scope: { tenants: ['acme'] },
  fromMs: START_MS + from * MINUTE_MS,
  untilMs: START_MS + to * MINUTE_MS,
});

/** A machine with two clocks, a configuration, and a disk for notes. */
class Machine {
  state: SwitchMachine = createSwitchMachine([]);
  wallMs = START_MS;
  monoMs = 0;
  events: SwitchEvent[] = [];
  /** What is on disk. */
  noted: readonly SwitchNote[] = [];

  show(...definitions: Switch[]): boolean {
    const step = showSwitches(this.state, definitions, this);
    this.#take(step);
    return step.refusals.every(({ length }) => length === 0);
  }

  pass(minutes: number): void {
    this.wallMs += minutes * MINUTE_MS;
    this.monoMs += minutes * MINUTE_MS;
    this.look();
  }

  set(minutes: number): void {
    this.wallMs = START_MS + minutes * MINUTE_MS;
    this.look();
  }

  look(): void {
    this.#take(advanceSwitches(this.state, this));
  }

  /** Ends in order, and starts again some minutes later. */
  restart(definitions: readonly Switch[], minutes = 0): void {
    this.noted = switchNotes(this.state, this);
    this.wallMs += minutes * MINUTE_MS;
    this.monoMs = 7;
    this.state = createSwitchMachine(this.noted);
    this.show(...definitions);
  }

  #take(step: { machine: SwitchMachine; events: readonly SwitchEvent[] }): void {
    this.state = step.machine;
    this.events.push(...step.events);
  }

  phases(): string[] {
    return this.state.shown.map(({ now }) => now.phase);
  }

  said(): string[] {
    return this.events.splice(0).map(({ event, definition }) => {
      return `${event} ${definition.kind === 'kill_switch' ? definition.mode : definition.name}`;
    });
  }
}

test('a kill switch acts from its first showing to its end, and is over for good', (t) => {
  const machine = new Machine();
  machine.show(bypass(30));
  t.deepEqual(machine.phases(), ['acting']);
  machine.pass(29.9);
  t.deepEqual(machine.phases(), ['acting']);
  machine.pass(0.1);
  t.deepEqual(machine.phases(), ['over']);
  t.deepEqual(machine.said(), ['begin bypass', 'expire bypass']);
  machine.show(bypass(30, 'once more'));
  t.deepEqual(machine.phases(), ['over']);
  t.deepEqual(machine.said(), [], 'what has ended is told once');
});

test('a bypass ends at the earlier of both clocks, a lockdown at the later', (t) => {
  const [one, other] = [new Machine(), new Machine()];
  one.show(bypass(30));
  other.show(lockdown(30));
  for (const machine of [one, other]) {
    machine.pass(20);
    machine.set(5);
    machine.pass(10);
  }
  t.deepEqual([one.phases(), other.phases()], [['over'], ['acting']], 'a clock set back');
  other.pass(15);
  t.deepEqual(other.phases(), ['over']);

  const [forward, locked] = [new Machine(), new Machine()];
  forward.show(bypass(30));
  locked.show(lockdown(30));
  for (const machine of [forward, locked]) {
    machine.set(30);
    machine.set(10);
  }
  t.deepEqual([forward.phases(), locked.phases()], [['over'], ['acting']], 'a clock set forward, for a moment');
});

test('a window waits for its beginning, and one that was slept through is told as ended', (t) => {
  const machine = new Machine();
  machine.show(window(10, 40), window(20, 25, 'short'));
  t.deepEqual(machine.phases(), ['waiting', 'waiting']);
  machine.set(30);
  t.deepEqual(machine.phases(), ['acting', 'over']);
  t.deepEqual(machine.said(), ['begin move', 'expire short']);
  machine.pass(10);
  t.deepEqual(machine.said(), ['expire move']);
});

test('a restart goes on where it was, and renews nothing', (t) => {
  const machine = new Machine();
  machine.show(bypass(60));
  machine.pass(50);
  machine.set(0);
  t.deepEqual(machine.phases(), ['acting']);
  machine.restart([bypass(60)]);
  t.deepEqual(machine.phases(), ['acting']);
  t.deepEqual(machine.said(), ['begin bypass', 'begin bypass'], 'each run says that it acts');
  machine.pass(9);
  t.deepEqual(machine.phases(), ['acting']);
  machine.pass(1);
  t.deepEqual(machine.phases(), ['over'], 'the clock set back and the restart have won nothing');
  machine.set(0);
  machine.restart([bypass(60)]);
  t.deepEqual(machine.phases(), ['over']);
  t.deepEqual(machine.said(), ['expire bypass']);
});

test('a lockdown that has ended while nothing ran is over', (t) => {
  const machine = new Machine();
  machine.show(lockdown(30));
  machine.pass(10);
  machine.restart([lockdown(30)], 60);
  t.deepEqual(machine.phases(), ['over']);
  t.deepEqual(machine.said(), ['begin lockdown', 'expire lockdown']);
});

test('taken out and put back, a switch acts to the end that it had', (t) => {
  const machine = new Machine();
  machine.show(bypass(60));
  machine.pass(10);
  machine.show();
  t.deepEqual(machine.said(), ['begin bypass', 'lift bypass']);
  machine.set(0);
  machine.show(bypass(60));
  machine.pass(49);
  t.deepEqual(machine.phases(), ['acting']);
  machine.pass(1);
  t.deepEqual(machine.phases(), ['over']);
});

test('a switch that is renewed or worded anew has changed; another one takes over', (t) => {
  const machine = new Machine();
  machine.show(bypass(30), window(0, 30));
  machine.said();
  machine.show(bypass(50), window(0, 30));
  t.deepEqual(machine.said(), ['change bypass']);
  machine.show(bypass(50, 'another reason'), { ...window(0, 30), scope: { packs: ['pii'] } });
  t.deepEqual(machine.said(), ['change bypass', 'change move']);
  machine.show(bypass(50, 'another reason'), { ...window(0, 30), scope: { packs: ['pii'] } });
  t.deepEqual(machine.said(), []);
  machine.show(lockdown(50), window(40, 50));
  t.deepEqual(machine.said(), ['begin lockdown', 'lift bypass', 'lift move']);
});

test('what is refused changes nothing, also not later, when its end has come near', (t) => {
  const machine = new Machine();
  machine.show(lockdown(10));
  t.false(machine.show(bypass(120)));
  t.deepEqual(machine.phases(), ['acting']);
  machine.pass(100);
  t.false(machine.show(bypass(120)));
  machine.restart([]);
  t.false(machine.show(bypass(120)), 'nor after a restart');
  t.true(machine.show(bypass(150)));
});

const refusal = test.macro((t, one: Switch, expected: readonly string[]) => {
  t.deepEqual(
    switchRefusals(one, START_MS).map(({ key, message }) => `${key} ${message}`),
    expected,
  );
});
const FIRST = 'first shown (2026-11-28T12:00:00.000Z)';
test('a kill switch may last an hour', refusal, bypass(60), []);
test('and not longer', refusal, bypass(60.01), [
  `until is more than an hour after it was ${FIRST}; write an earlier time, and renew it later`,
]);
test('one that has ended is in order', refusal, lockdown(-600_000), []);
test('a window may begin in 30 days and last an hour', refusal, window(43_200, 43_260), []);
test('a window further ahead is refused', refusal, window(43_201, 43_210), ['from is more than 30 days ahead']);
test('a longer window is refused', refusal, window(0, 61), ['until is more than an hour after from']);
test('a window that ends before it begins is refused', refusal, window(10, 10), ['until is not after from']);

test('the digest changes with everything that is said, the key with place and times only', (t) => {
  const others: Switch[] = [
    bypass(31),
    lockdown(30),
    bypass(30, 'x'),
    window(0, 30),
    window(1, 30),
    window(0, 30, 'b'),
  ];
  t.is(new Set([bypass(30), ...others].map(switchDigest)).size, 7);
  t.is(new Set([bypass(30), bypass(30, 'x')].map(switchKey)).size, 1);
  t.is(new Set([bypass(30), ...others].map(switchKey)).size, 6);
});

/**
 * The specification, in other words than the program. Minutes of real time are counted where the program could see them: a switch
 * that loosens never acts longer than it was promised when it began first, whatever the clock on the wall does.
 */
interface Model {
  /** What the file says. */
  shown: readonly Switch[];
  /** Minutes that the switch with this key has acted, in all runs. */
  acted: Map<string, number>;
  /** What it was promised when it acted first. */
  promised: Map<string, number>;
  ended: Set<string>;
}

type SwitchCommand = fc.Command<Model, Machine>;

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

const isLockdown = (one: Switch) => one.kind === 'kill_switch' && one.mode === 'lockdown';
const actingIn = ({ state }: Machine) =>
  state.shown.filter(({ now }) => now.phase === 'acting').map(({ definition }) => definition);

/** Holds whatever has happened; `minutes` of real time have passed since the last look, the clock untouched. */
function check(model: Model, machine: Machine, actedBefore: readonly Switch[], minutes = 0): void {
  for (const one of actedBefore) {
    model.acted.set(switchKey(one), (model.acted.get(switchKey(one)) ?? 0) + minutes);
  }
  for (const { definition: one, now } of machine.state.shown) {
    const key = switchKey(one);
    if (now.phase === 'acting') {
      const left = (one.untilMs - machine.wallMs) / MINUTE_MS;
      if (!model.promised.has(key)) {
        must(isLockdown(one) || left <= 60, `${key} acts before its time`);
        model.promised.set(key, left);
      }
      must(!model.ended.has(key), `${key} acts after it had ended`);
      if (isLockdown(one)) continue;
      must(left > 0, `${key} acts past its end`);
      const acted = model.acted.get(key) ?? 0;
      must(acted < (model.promised.get(key) ?? 0) + 1e-6, `${key} acts longer than promised`);
    }
    if (now.phase === 'over') {
      if (isLockdown(one) && !model.ended.has(key)) must(machine.wallMs >= one.untilMs, `${key} ended early`);
      model.ended.add(key);
    }
  }
  must(machine.state.shown.length === model.shown.length, 'the machine shows something else');
}

class Pass implements SwitchCommand {
  constructor(readonly minutes: number) {}
  check = () => true;
  run(model: Model, machine: Machine): void {
    const before = actingIn(machine);
    machine.pass(this.minutes);
    const stillActing = before.filter((one) => actingIn(machine).includes(one));
    check(model, machine, stillActing, this.minutes);
  }
  toString = () => `pass(${this.minutes})`;
}

class SetClock implements SwitchCommand {
  constructor(readonly minutes: number) {}
  check = () => true;
  run(model: Model, machine: Machine): void {
    machine.set(this.minutes);
    check(model, machine, []);
  }
  toString = () => `set(${this.minutes})`;
}

class Show implements SwitchCommand {
  constructor(readonly definitions: readonly Switch[]) {}
  check = () => true;
  run(model: Model, machine: Machine): void {
    const before = machine.phases();
    const isTaken = machine.show(...this.definitions);
    if (isTaken) model.shown = this.definitions;
    else must(machine.phases().length === before.length, 'what is refused has changed something');
    check(model, machine, []);
  }
  toString = () => `show(${this.definitions.map(switchKey).join(', ')})`;
}

class Restart implements SwitchCommand {
  constructor(readonly minutes: number) {}
  check = () => true;
  run(model: Model, machine: Machine): void {
    machine.restart(model.shown, this.minutes);
    check(model, machine, []);
  }
  toString = () => `restart(${this.minutes})`;
}

const minutes = fc.integer({ min: -30, max: 90 });
const definition: fc.Arbitrary<Switch> = fc.oneof(
  minutes.map((to) => bypass(to)),
  minutes.map((to) => lockdown(to)),
  fc.tuple(minutes, fc.integer({ min: 1, max: 60 })).map(([from, length]) => window(from, from + length)),
);
const configurations = fc.uniqueArray(definition, { maxLength: 2, selector: ({ kind }) => kind });

test('whatever happens to clocks, files and processes: nothing loosens past its end, longer than promised, or again', (t) => {
  const commands = fc.commands(
    [
      fc.integer({ min: 1, max: 40 }).map((length) => new Pass(length)),
      fc.integer({ min: -90, max: 120 }).map((to) => new SetClock(to)),
      configurations.map((definitions) => new Show(definitions)),
      fc.integer({ min: 0, max: 50 }).map((length) => new Restart(length)),
    ],
    { maxCommands: 60, size: 'max' },
  );
  const property = fc.property(commands, (sequence) => {
    const model: Model = { shown: [], acted: new Map(), promised: new Map(), ended: new Set() };
    fc.modelRun(() => ({ model, real: new Machine() }), sequence);
  });
  t.notThrows(() => fc.assert(property, { numRuns: 2_000 }));
});

test('while no clock is touched, a switch acts exactly from its beginning to its end, over any restarts', (t) => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.boolean()), { maxLength: 12 });
  const property = fc.property(definition, steps, (one, moves) => {
    const machine = new Machine();
    if (!machine.show(one)) return;
    for (const [length, restarts] of moves) {
      if (restarts) machine.restart([one], length);
      else machine.pass(length);
      const begins = one.kind === 'maintenance' ? one.fromMs : START_MS;
      const expected = machine.wallMs >= one.untilMs ? 'over' : machine.wallMs < begins ? 'waiting' : 'acting';
      must(machine.phases()[0] === expected, `${switchKey(one)} is ${machine.phases()[0]}, not ${expected}`);
    }
  });
  t.notThrows(() => fc.assert(property, { numRuns: 2_000 }));
});

test('only so many switches are remembered that nobody shows, those that end last', (t) => {
  const machine = new Machine();
  for (let i = 1; i <= 100; i++) machine.show(bypass(i / 2, `${i}`));
  machine.show();
  const notes = switchNotes(machine.state, machine);
  t.is(notes.length, 64);
  t.is(Math.min(...notes.map(({ untilMs }) => untilMs)), START_MS + 18.5 * MINUTE_MS);
  t.true(notes.every(({ untilMs, firstShownMs }) => untilMs - firstShownMs <= HOUR_MS));
});
