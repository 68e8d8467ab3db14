import { Writable } from 'node:stream';
import test from 'ava';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { createLogger } from '../../sidecar/telemetry/logger.js';
import { createEngineFaultReporter } from '../../sidecar/wiring/reporters.js';

test('faults of the engine are told with their cause and place, and those of one kind once in a while', (t) => {
  const lines: string[] = [];
  const out = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  let nowNs = 0n;
  const report = createEngineFaultReporter(createLogger('info', out), { nowMs: () => 0, monotonicNs: () => nowNs });
  const [fault, other] = [{ cause: 'RangeError', place: 'sidecar/policy/engine.ts:7' }, { cause: 'worker_exit' }];
  for (const told of [fault, fault, other, other]) report(told);
  nowNs = BigInt(LIMITS.engineFaultLogMs) * 1_000_000n;
  report(fault);
  t.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ level, cause, place }) => [level, cause, place]),
    [
      ['error', 'RangeError', 'sidecar/policy/engine.ts:7'],
      ['error', 'worker_exit', undefined],
      ['error', 'RangeError', 'sidecar/policy/engine.ts:7'],
    ],
  );
});
