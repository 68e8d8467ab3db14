import type { Config } from '../config/config.js';
import { configError, formatProblem } from '../config/problem.js';
import { readTlsFiles, type TlsIdentity, tlsFilesOf } from '../config/tls-files.js';
import { watchFiles } from '../config/watch.js';
import type { Clock } from '../kernel/clock.js';
import type { Logger } from '../telemetry/logger.js';

/** The certificate of the listeners, as long as its files are watched. */
export interface Certificates {
  /** What is in force. */
  identity(): TlsIdentity;
  /** Why what the files hold now is not in force, and whether what is has ended, a line per problem; empty = all is well. */
  problems(): readonly string[];
  /** Watches the files, and gives what they hold to `renew` whenever it is another identity that can be used. */
  watch(renew: (identity: TlsIdentity) => void): Promise<{ close(): void }>;
}

/** Who is told of reloads. */
export interface CertificateOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onReload: (result: 'applied' | 'refused') => void;
}

/**
 * Reads the certificate that the settings name; undefined without TLS. Rejects with `JIMINI_CONFIG_INVALID` when it cannot be
 * used. Later, a pair that cannot be used leaves the last good one in force: clients of a wrong certificate would all be cut off.
 */
export async function loadCertificates(
  settings: Config['listen']['tls'],
  { clock, logger, onReload }: CertificateOptions,
): Promise<Certificates | undefined> {
  if (settings.certFile === '') return undefined;
  const first = await readTlsFiles(settings, clock.nowMs());
  if ('problems' in first) throw configError(first.problems);
  let inForce = first.identity;
  let problems: readonly string[] = [];
  const reload = async (renew: (identity: TlsIdentity) => void): Promise<void> => {
    const read = await readTlsFiles(settings, clock.nowMs());
    if ('problems' in read) {
      problems = read.problems.map(formatProblem);
      onReload('refused');
      logger.error({ problems }, 'certificate refused; the last good one stays in force');
      return;
    }
    if (problems.length === 0 && isSame(read.identity, inForce)) return;
    renew(read.identity);
    inForce = read.identity;
    problems = [];
    onReload('applied');
    logger.info({ expires: new Date(inForce.expiresMs).toISOString() }, 'certificate reloaded');
  };
  return {
    identity: () => inForce,
    problems: () => [
      ...problems,
      ...(inForce.expiresMs <= clock.nowMs() ? ['the certificate in force has ended'] : []),
    ],
    async watch(renew) {
      const watcher = await watchFiles(tlsFilesOf(settings), {
        onChange: () => reload(renew),
        onError: (error) => logger.error({ err: error }, 'the certificate could not be renewed'),
      });
      // What changed between the first reading and the first look of the watcher, nobody else would notice.
      await reload(renew);
      return watcher;
    },
  };
}

function isSame(a: TlsIdentity, b: TlsIdentity): boolean {
  return a.cert === b.cert && a.key === b.key && a.clientCa === b.clientCa;
}
