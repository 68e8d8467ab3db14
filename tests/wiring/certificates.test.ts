import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../sidecar/kernel/clock.js';
import { createLogger } from '../../sidecar/telemetry/logger.js';
import { loadCertificates } from '../../sidecar/wiring/certificates.js';
import { tempDirectory } from '../config/temp-directory.js';
import { type Certificate, createAuthority } from '../envoy/certificates.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const authority = createAuthority();

/** Certificates from files of a directory of their own, and what was told of them. */
async function load(t: ExecutionContext, first: Certificate) {
  const directory = tempDirectory(t);
  const put = ({ cert, key }: Certificate) => {
    writeFileSync(join(directory, 'cert'), cert);
    writeFileSync(join(directory, 'key'), key, { mode: 0o600 });
  };
  put(first);
  const clock = { ...systemClock, aheadMs: 0, nowMs: () => Date.now() + clock.aheadMs };
  const told: string[] = [];
  const settings = { certFile: join(directory, 'cert'), keyFile: join(directory, 'key'), clientCaFile: '' };
  const certificates = await loadCertificates(
    { ...settings, clientCertificate: 'none', clientIds: [], listeners: [] },
    { clock, logger: createLogger('silent'), onReload: (result) => told.push(result) },
  );
  if (!certificates) throw new Error('there are certificates');
  return { certificates, put, clock, told };
}

test('a certificate that changes before the files are watched is noticed', async (t) => {
  const { certificates, put, told } = await load(t, authority.issue());
  const next = authority.issue({ days: 2 });
  put(next);
  const renewed: string[] = [];
  const watcher = await certificates.watch(({ key }) => renewed.push(key));
  t.teardown(() => watcher.close());
  t.deepEqual(renewed, [next.key]);
  t.deepEqual(told, ['applied']);
});

test('files that have not changed are no reload', async (t) => {
  const { certificates, told } = await load(t, authority.issue());
  const watcher = await certificates.watch(() => t.fail());
  t.teardown(() => watcher.close());
  t.deepEqual(told, []);
});

test('a pair that does not fit is told, and so is that the one in force has ended', async (t) => {
  const { certificates, put, clock, told } = await load(t, authority.issue());
  const inForce = certificates.identity();
  put({ cert: authority.issue().cert, key: authority.issue().key });
  const watcher = await certificates.watch(() => t.fail());
  t.teardown(() => watcher.close());
  t.deepEqual(told, ['refused']);
  t.is(certificates.identity(), inForce);
  t.regex(certificates.problems().join('\n'), /^[^\n]*keyFile: is not the key of[^\n]*$/);
  clock.aheadMs = 2 * DAY_MS;
  t.regex(certificates.problems().join('\n'), /\nthe certificate in force has ended$/);
});
