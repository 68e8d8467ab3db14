import { Writable } from 'node:stream';
import test from 'ava';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createLogger } from '../../sidecar/telemetry/logger.js';
import { createEngineFaultReporter, createFaultReporter, createScrubReporter } from '../../sidecar/wiring/reporters.js';

/** A logger whose lines are kept, and a clock that stands still until it is set. */
function scene() {
  const lines: string[] = [];
  const out = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const clock = { nowMs: () => 0, monotonicNs: () => scene.nowNs };
  const scene = {
    nowNs: 0n,
    clock,
    logger: createLogger('info', out),
    told: () => lines.map((line) => JSON.parse(line)),
  };
  return scene;
}

test('damage that readers are told of is a line once in a while, and counted each time', (t) => {
  const made = scene();
  let counted = 0;
  const report = createFaultReporter(made.logger, made.clock, () => {
    counted += 1;
  });
  for (const leaf of [1, 2, 3]) report(new JiminiError('JIMINI_STORE_CORRUPT', `leaf ${leaf}`));
  report(new JiminiError('JIMINI_INVALID_ARGUMENT', 'what a caller did wrong'));
  made.nowNs = BigInt(LIMITS.damageToldLogMs) * 1_000_000n;
  report(new JiminiError('JIMINI_STORE_CORRUPT', 'leaf 4'));
  t.deepEqual(
    made.told().map(({ level, problem }) => [level, problem]),
    [
      ['error', 'leaf 1'],
      ['error', 'leaf 4'],
    ],
  );
  t.is(counted, 4);
});

test('what the daily reading finds is told with its leaf, and that it cannot read with the reason', (t) => {
  const made = scene();
  const report = createScrubReporter(made.logger);
  report.onDamaged(5);
  report.onDamagedPayload(6);
  report.onUnproven(2);
  report.onStalled(new JiminiError('JIMINI_STORE_UNAVAILABLE', 'Input/output error'), 7);
  report.onResumed();
  t.deepEqual(
    made.told().map(({ level, seq, code, problem }) => [level, seq, code, problem]),
    [
      ['error', 5, undefined, undefined],
      ['error', 6, undefined, undefined],
      ['error', 512, undefined, undefined],
      ['error', 7, 'JIMINI_STORE_UNAVAILABLE', 'Input/output error'],
      ['info', undefined, undefined, undefined],
    ],
  );
});

test('faults of the engine are told with their cause and place, and those of one kind once in a while', (t) => {
  const made = scene();
  const report = createEngineFaultReporter(made.logger, made.clock);
  const [fault, other] = [{ cause: 'RangeError', place: 'sidecar/policy/engine.ts:7' }, { cause: 'worker_exit' }];
  for (const told of [fault, fault, other, other]) report(told);
  made.nowNs = BigInt(LIMITS.engineFaultLogMs) * 1_000_000n;
  report(fault);
  t.deepEqual(
    made.told().map(({ level, cause, place }) => [level, cause, place]),
    [
      ['error', 'RangeError', 'sidecar/policy/engine.ts:7'],
      ['error', 'worker_exit', undefined],
      ['error', 'RangeError', 'sidecar/policy/engine.ts:7'],
    ],
  );
});
