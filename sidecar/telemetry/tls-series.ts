import { Counter, Gauge, type Registry } from 'prom-client';
import { gaugesOf } from './read-gauge.js';

/** What happens around the certificate of the listeners. */
export interface TlsSeries {
  /** A peer was not let in. Listener and reason are closed lists. */
  tlsRefused(listener: string, reason: string): void;
  /** The files of the certificate have changed. */
  tlsReloaded(result: 'applied' | 'refused'): void;
}

/** Registers the series of TLS; `expiresMs` is asked at scrape time, and absent without TLS. */
export function createTlsSeries(registry: Registry, expiresMs?: () => number): TlsSeries {
  const registers = [registry];
  const refused = new Counter({
    name: 'jimini_tls_refused_connections_total',
    help: 'Peers that were not let in before their first request, by listener and reason',
    labelNames: ['listener', 'reason'],
    registers,
  });
  const reloads = new Counter({
    name: 'jimini_tls_reloads_total',
    help: 'Changes of the files of the certificate, by result',
    labelNames: ['result'],
    registers,
  });
  const reloadFailed = new Gauge({
    name: 'jimini_tls_reload_failed',
    help: '1 while the files hold a certificate that cannot be used and the last good one is in force',
    registers,
  });
  if (expiresMs) {
    gaugesOf(registry)(
      'jimini_tls_certificate_expiry_timestamp_seconds',
      'When the certificate in force, or the first of its chain, ends: seconds of the Unix epoch',
      () => expiresMs() / 1000,
    );
  }
  return {
    tlsRefused: (listener, reason) => refused.inc({ listener, reason }),
    tlsReloaded(result) {
      reloads.inc({ result });
      reloadFailed.set(result === 'refused' ? 1 : 0);
    },
  };
}
