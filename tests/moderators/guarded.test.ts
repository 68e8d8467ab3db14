import test from 'ava';
import { type GuardOptions, guardModerator } from '../../adapters/moderators/guarded.js';
import { type FaultKind, type Moderator, ModeratorFault } from '../../adapters/moderators/moderator.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';

/** A moderator that a test answers for by hand, question by question. */
class ByHand implements Moderator {
  readonly asked: { prompt: string; text: string; answer: (hit: boolean) => void; fail: (fault: FaultKind) => void }[] =
    [];

  ask(prompt: string, text: string, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new ModeratorFault('timeout')));
      const fail = (fault: FaultKind) => reject(new ModeratorFault(fault));
      this.asked.push({ prompt, text, answer: resolve, fail });
    });
  }
}

/** A clock that stands still until it is moved. */
class HandClock {
  ms = 1_000_000;
  nowMs = () => this.ms;
  monotonicNs = () => BigInt(this.ms) * 1_000_000n;
}

function guard(moderator: Moderator, options: Partial<GuardOptions> = {}) {
  const clock = new HandClock();
  const states: string[] = [];
  const guarded = guardModerator(moderator, {
    timeoutMs: 5_000,
    concurrency: 1_000,
    cacheEntries: 0,
    clock,
    random: (count) => new Uint8Array(count),
    onState: (state) => states.push(state),
    ...options,
  });
  return { guarded, clock, states };
}

const always = (fault: ModeratorFault): Moderator => ({ ask: () => Promise.reject(fault) });
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('yes, no and faults are told as they come', async (t) => {
  const moderator = new ByHand();
  const { guarded } = guard(moderator);
  const outcomes = [guarded.ask('p', 'a'), guarded.ask('p', 'b'), guarded.ask('p', 'c')];
  await turn();
  moderator.asked[0]?.answer(true);
  moderator.asked[1]?.answer(false);
  moderator.asked[2]?.fail('malformed');
  t.deepEqual(
    (await Promise.all(outcomes)).map(({ result }) => result),
    ['yes', 'no', 'malformed'],
  );
});

test('a fault that nobody foresaw is no answer, and never a rejection', async (t) => {
  const { guarded } = guard({ ask: () => Promise.reject(new TypeError('odd')) });
  t.is((await guarded.ask('p', 't')).result, 'unreachable');
});

test('after failures in a row nobody is asked until its time is over, then one probe decides', async (t) => {
  const moderator = new ByHand();
  const { guarded, clock, states } = guard(moderator);
  for (let i = 0; i < LIMITS.classifierFailuresToOpen; i++) {
    const outcome = guarded.ask('p', `${i}`);
    await turn();
    moderator.asked[i]?.fail('status');
    await outcome;
  }
  t.is(guarded.breaker.state, 'open');
  t.is((await guarded.ask('p', 't')).result, 'breaker_open');
  t.is(moderator.asked.length, LIMITS.classifierFailuresToOpen);

  clock.ms += LIMITS.classifierOpenMsMin;
  const probe = guarded.ask('p', 'probe');
  const others = await Promise.all([guarded.ask('p', 'x'), guarded.ask('p', 'y')]);
  t.deepEqual(
    others.map(({ result }) => result),
    ['breaker_open', 'breaker_open'],
  );
  t.is(moderator.asked.length, LIMITS.classifierFailuresToOpen + 1, 'one probe at a time');
  moderator.asked.at(-1)?.answer(false);
  t.is((await probe).result, 'no');
  t.deepEqual(states, ['open', 'half-open', 'closed']);
});

test('a service that says how long to wait is left alone for as long', async (t) => {
  const { guarded, clock } = guard(always(new ModeratorFault('status', '30')));
  await guarded.ask('p', 't');
  clock.ms += 29_000;
  t.is((await guarded.ask('p', 't')).result, 'breaker_open');
  clock.ms += 1_000;
  t.is((await guarded.ask('p', 't')).result, 'status');
});

test('questions that the service rejects do not switch it off for others', async (t) => {
  const { guarded } = guard(always(new ModeratorFault('rejected', '30')));
  for (let i = 0; i < 50; i++) t.is((await guarded.ask('p', `${i}`)).result, 'rejected');
  t.is(guarded.breaker.state, 'closed');
});

test('no more questions are out than may be, and the others go in order', async (t) => {
  const moderator = new ByHand();
  const { guarded } = guard(moderator, { concurrency: 2 });
  const outcomes = ['a', 'b', 'c', 'd'].map((text) => guarded.ask('p', text));
  await turn();
  t.deepEqual(
    moderator.asked.map(({ text }) => text),
    ['a', 'b'],
  );
  moderator.asked[1]?.fail('malformed');
  await turn();
  t.deepEqual(
    moderator.asked.map(({ text }) => text),
    ['a', 'b', 'c'],
  );
  moderator.asked[0]?.answer(true);
  await turn();
  for (const { answer } of moderator.asked) answer(true);
  t.deepEqual(
    (await Promise.all(outcomes)).map(({ result }) => result),
    ['yes', 'malformed', 'yes', 'yes'],
  );
});

test('a question that waits for half its time is not asked any more, and its place in the queue is free again', async (t) => {
  const moderator = new ByHand();
  const { guarded } = guard(moderator, { concurrency: 1, timeoutMs: 100 });
  // Time limits alone keep no process alive; the sockets of real questions do.
  const alive = setInterval(() => {}, 1_000);
  const [first, second] = [guarded.ask('p', 'a'), guarded.ask('p', 'b')];
  t.deepEqual([(await first).result, (await second).result], ['timeout', 'saturated']);
  t.is(moderator.asked.length, 1);
  const third = guarded.ask('p', 'c');
  await turn();
  moderator.asked[1]?.answer(true);
  t.is((await third).result, 'yes');
  clearInterval(alive);
});

test('when too many wait, the next fails at once', async (t) => {
  const moderator = new ByHand();
  const { guarded } = guard(moderator, { concurrency: 1 });
  const waiting = Array.from({ length: LIMITS.classifierWaitingMax + 1 }, (_, i) => guarded.ask('p', `${i}`));
  t.is((await guarded.ask('p', 'one too many')).result, 'saturated');
  moderator.asked[0]?.answer(true);
  t.is((await waiting[0])?.result, 'yes');
  for (let i = 1; i < waiting.length; i++) {
    await turn();
    moderator.asked[i]?.answer(true);
  }
  t.true((await Promise.all(waiting)).every(({ result }) => result === 'yes'));
});

test('an answer is remembered for its time, per prompt and text, and faults are not', async (t) => {
  const moderator = new ByHand();
  const { guarded, clock } = guard(moderator, { cacheEntries: 10 });
  const ask = async (prompt: string, text: string, answer: boolean) => {
    const before = moderator.asked.length;
    const outcome = guarded.ask(prompt, text);
    await turn();
    moderator.asked[before]?.answer(answer);
    const { result, cached } = await outcome;
    return `${result}${cached ? ' (cached)' : ''}`;
  };
  t.is(await ask('p', 't', true), 'yes');
  t.is(await ask('p', 't', false), 'yes (cached)');
  t.is(await ask('pt', '', false), 'no');
  t.is(await ask('p', 'u', false), 'no');
  t.is(await ask('p', 'u', true), 'no (cached)');
  clock.ms += LIMITS.classifierCacheMsMax;
  t.is(await ask('p', 't', false), 'no');
  const failing = guarded.ask('p', 'f');
  await turn();
  moderator.asked.at(-1)?.fail('malformed');
  await failing;
  t.is(await ask('p', 'f', true), 'yes');
});

test('of remembered answers the one not used for longest goes first', async (t) => {
  const asked: string[] = [];
  const moderator: Moderator = {
    ask: async (_, text) => {
      asked.push(text);
      return true;
    },
  };
  const { guarded } = guard(moderator, { cacheEntries: 2 });
  for (const text of ['a', 'b', 'a', 'c', 'a', 'b']) await guarded.ask('p', text);
  t.deepEqual(asked, ['a', 'b', 'c', 'b']);
});
