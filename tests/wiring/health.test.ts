import test from 'ava';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import { type HealthSources, healthReport } from '../../sidecar/wiring/health.js';

const WHOLE = { checked: 0, damaged: new Set(), damagedPayloads: new Set(), unproven: new Set(), isStalled: false };

/** What is told of a service that is well, but for `parts`. */
function told(parts: Partial<HealthSources>): Record<string, unknown> {
  const nothing = { revision: '', packs: [] };
  const sources = {
    version: '0',
    auditLog: { state: 'open', logId: '', size: 0, waiting: 0, signed: {} },
    pruner: { problem: undefined },
    scrub: WHOLE,
    loaded: () => ({ snapshot: { policy: nothing } }),
    disk: () => undefined,
    diskShortage: () => undefined,
    switches: () => [],
    state: { draining: false },
    tokens: { accepted: () => [], problem: () => undefined },
    ...parts,
  };
  return healthReport(sources as unknown as HealthSources);
}

test('segments are told of where they are written, and why the last one was not; the service is well all the same', (t) => {
  t.false('segments' in told({}));
  t.like(told({ segments: { failure: undefined } }), { ok: true, segments: { ok: true } });
  const failure = new JiminiError('JIMINI_STORE_UNAVAILABLE', 'log.segments.dir: /full cannot be used');
  const problems = ['the last attempt to write the segment of a day failed: log.segments.dir: /full cannot be used'];
  t.like(told({ segments: { failure } }), { ok: true, segments: { ok: false, problems } });
});

test('leaves that should have been removed are a problem of retention, and the service is well all the same', (t) => {
  t.like(told({}), { ok: true, retention: { ok: true } });
  const problems = ['old leaves are not removed: the leaf 7 is damaged'];
  t.like(told({ pruner: { problem: 'the leaf 7 is damaged' } }), { ok: true, retention: { ok: false, problems } });
});

test('tiles that cannot be proven are a problem of the scrub, and the service is well all the same', (t) => {
  t.like(told({}), { ok: true, scrub: { ok: true, damaged_leaves: 0, unproven_tiles: 0 } });
  const scrub = { ...WHOLE, unproven: new Set([7, 2]) };
  const report = told({ scrub: scrub as unknown as HealthSources['scrub'] });
  t.like(report, { ok: true, scrub: { ok: false, unproven_tiles: 2, first_unproven: 512 } });
});

test('payloads that are not those that were written are a problem of the scrub, and the service is well all the same', (t) => {
  t.like(told({}), { scrub: { ok: true, damaged_payloads: 0 } });
  const scrub = { ...WHOLE, damagedPayloads: new Set([9, 4]) };
  const report = told({ scrub: scrub as unknown as HealthSources['scrub'] });
  t.like(report, { ok: true, scrub: { ok: false, damaged_leaves: 0, damaged_payloads: 2, first_damaged_payload: 4 } });
});

test('a log that cannot be read again is a problem of the scrub, and the service is well all the same', (t) => {
  const scrub = { ...WHOLE, isStalled: true };
  const report = told({ scrub: scrub as unknown as HealthSources['scrub'] });
  const problems = ['the log could not be read again for ten minutes'];
  t.like(report, { ok: true, scrub: { ok: false, problems, damaged_leaves: 0 } });
});
