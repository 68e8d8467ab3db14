import test from 'ava';
import fc from 'fast-check';
import {
  admitCall,
  type Breaker,
  breakerGauge,
  type CallOutcome,
  CLOSED_BREAKER,
  settleCall,
} from '../../sidecar/kernel/breaker.js';

const SETTINGS = { failuresToOpen: 3, openMsMin: 100, openMsMax: 1000 };

/** What a caller sees of a breaker: it asks, calls, and says how calls ended. */
class Caller {
  breaker: Breaker = CLOSED_BREAKER;
  nowMs = 0;

  admit(): number | undefined {
    const { breaker, ticket } = admitCall(this.breaker, this.nowMs);
    this.breaker = breaker;
    return ticket;
  }

  settle(ticket: number, outcome: CallOutcome, random = 0.5): void {
    this.breaker = settleCall(this.breaker, { ticket, outcome, nowMs: this.nowMs, random }, SETTINGS);
  }

  /** Admits a call and settles it at once. */
  call(outcome: CallOutcome, random?: number): boolean {
    const ticket = this.admit();
    if (ticket !== undefined) this.settle(ticket, outcome, random);
    return ticket !== undefined;
  }
}

/** The specification, in other words than the program: a diary of what happened, from which everything follows. */
interface Model {
  nowMs: number;
  state: Breaker['state'];
  /** Calls that are out, oldest first: the stay in which they were admitted, and whether they are the probe. */
  calls: { readonly ticket: number; readonly stay: number; readonly isProbe: boolean }[];
  stay: number;
  failuresInARow: number;
  opensInARow: number;
  openedAtMs: number;
  /** The time that the service asked for when it opened. */
  askedMs: number;
}

type BreakerCommand = fc.Command<Model, Caller>;

/** Between which times an open breaker lets the probe through. */
function probeWindow({ openedAtMs, opensInARow, askedMs }: Model): { fromMs: number; toMs: number } {
  const longest = Math.min(SETTINGS.openMsMax, SETTINGS.openMsMin * 2 ** (opensInARow - 1));
  const asked = Math.min(SETTINGS.openMsMax, askedMs);
  return { fromMs: openedAtMs + Math.max(longest / 2, asked), toMs: openedAtMs + Math.max(longest, asked) };
}

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

function checkState(model: Model, caller: Caller): void {
  must(caller.breaker.state === model.state, `is ${caller.breaker.state}, but should be ${model.state}`);
  const probes = model.calls.filter(({ isProbe, stay }) => isProbe && stay === model.stay).length;
  must(probes <= 1, 'more than one probe is out');
  must(model.state !== 'half-open' || probes === 1, 'half-open without a probe would never end');
}

class Ask implements BreakerCommand {
  check = () => true;

  run(model: Model, caller: Caller): void {
    const ticket = caller.admit();
    const window = probeWindow(model);
    if (model.state === 'closed') must(ticket !== undefined, 'refused while closed');
    if (model.state === 'half-open') must(ticket === undefined, 'a second call was let through while half-open');
    if (model.state === 'open') {
      if (model.nowMs < window.fromMs) must(ticket === undefined, 'the probe came too early');
      if (model.nowMs >= window.toMs) must(ticket !== undefined, 'the probe came too late');
      if (ticket !== undefined) {
        model.state = 'half-open';
        model.stay++;
      }
    }
    if (ticket !== undefined) {
      model.calls.push({ ticket, stay: model.stay, isProbe: model.state === 'half-open' });
    }
    checkState(model, caller);
  }

  toString = () => 'ask';
}

class End implements BreakerCommand {
  constructor(
    readonly which: number,
    readonly outcome: CallOutcome,
    readonly random: number,
  ) {}

  check = ({ calls }: Readonly<Model>) => calls.length > 0;

  run(model: Model, caller: Caller): void {
    const [call] = model.calls.splice(this.which % model.calls.length, 1);
    if (!call) return;
    caller.settle(call.ticket, this.outcome, this.random);
    if (call.stay === model.stay) this.#note(model);
    checkState(model, caller);
  }

  #note(model: Model): void {
    if (this.outcome.ok) {
      model.failuresInARow = 0;
      if (model.state === 'half-open') {
        model.state = 'closed';
        model.stay++;
        model.opensInARow = 0;
      }
      return;
    }
    model.failuresInARow++;
    const tooMany = model.failuresInARow >= SETTINGS.failuresToOpen;
    if (model.state === 'closed' && !tooMany && this.outcome.retryAfterMs === undefined) return;
    model.state = 'open';
    model.stay++;
    model.opensInARow++;
    model.failuresInARow = 0;
    model.openedAtMs = model.nowMs;
    model.askedMs = this.outcome.retryAfterMs ?? 0;
  }

  toString = () => `end(${this.which}, ${JSON.stringify(this.outcome)}, ${this.random})`;
}

class Wait implements BreakerCommand {
  constructor(readonly ms: number) {}

  check = () => true;

  run(model: Model, caller: Caller): void {
    model.nowMs += this.ms;
    caller.nowMs += this.ms;
    checkState(model, caller);
  }

  toString = () => `wait(${this.ms})`;
}

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const outcome: fc.Arbitrary<CallOutcome> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ ok: false }) },
  { weight: 2, arbitrary: fc.constant({ ok: true }) },
  { weight: 1, arbitrary: fc.nat(5000).map((retryAfterMs) => ({ ok: false, retryAfterMs })) },
);
const commands = fc.commands(
  [
    fc.constant(new Ask()),
    fc.tuple(fc.nat(10), outcome, random).map((parts) => new End(...parts)),
    fc.oneof(fc.nat(60), fc.nat(1200)).map((ms) => new Wait(ms)),
  ],
  { maxCommands: 200, size: 'max' },
);

test('whatever happens in whatever order: one probe at a time, opens after failures in a row, closes only by a success', (t) => {
  const property = fc.property(commands, (sequence) => {
    const model: Model = {
      nowMs: 0,
      state: 'closed',
      calls: [],
      stay: 0,
      failuresInARow: 0,
      opensInARow: 0,
      openedAtMs: 0,
      askedMs: 0,
    };
    fc.modelRun(() => ({ model, real: new Caller() }), sequence);
  });
  t.notThrows(() => fc.assert(property, { numRuns: 1_000 }));
});

test('failures that are not in a row do not open it', (t) => {
  const caller = new Caller();
  for (let i = 0; i < 20; i++) caller.call({ ok: i % 3 === 2 });
  t.is(caller.breaker.state, 'closed');
});

test('each further opening lasts twice as long, up to the maximum', (t) => {
  const caller = new Caller();
  const openMs: number[] = [];
  for (let i = 0; i < 3; i++) caller.call({ ok: false }, 0);
  for (let i = 0; i < 6; i++) {
    if (caller.breaker.state !== 'open') return t.fail();
    openMs.push(caller.breaker.untilMs - caller.nowMs);
    caller.nowMs = caller.breaker.untilMs;
    t.true(caller.call({ ok: false }, 0));
  }
  t.deepEqual(openMs, [50, 100, 200, 400, 500, 500]);
});

test('a service that names a time to wait is left alone for it, but not for longer than the maximum', (t) => {
  for (const [retryAfterMs, openMs] of [
    [0, 75],
    [700, 700],
    [86_400_000, 1000],
  ] as const) {
    const caller = new Caller();
    caller.call({ ok: false, retryAfterMs });
    t.like(caller.breaker, { state: 'open', untilMs: openMs });
  }
});

test('a call admitted before it opened neither closes it nor counts as the probe', (t) => {
  const caller = new Caller();
  const late = caller.admit() ?? -1;
  for (let i = 0; i < 3; i++) caller.call({ ok: false });
  caller.settle(late, { ok: true });
  t.is(caller.breaker.state, 'open');
  caller.nowMs = 1000;
  const probe = caller.admit() ?? -1;
  caller.settle(late, { ok: true });
  t.is(caller.breaker.state, 'half-open');
  caller.settle(probe, { ok: true });
  t.is(caller.breaker.state, 'closed');
});

test('the gauge says 0 closed, 1 half-open, 2 open', (t) => {
  const states: Breaker[] = [
    CLOSED_BREAKER,
    { state: 'half-open', generation: 2, opens: 1 },
    { state: 'open', generation: 1, opens: 1, untilMs: 0 },
  ];
  t.deepEqual(states.map(breakerGauge), [0, 1, 2]);
});
