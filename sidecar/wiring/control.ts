import type { AuditLog } from '../audit/audit-log.js';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import { JiminiError } from '../kernel/errors.js';
import { createGate } from '../server/access/gate.js';
import { createRefusalRecorder } from '../server/access/refusals.js';
import { createAuditService } from '../server/audit-service.js';
import type { GrpcServerOptions } from '../server/grpc-server.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Tokens } from './tokens.js';

/** What the control port serves, and to whom. */
export interface Control extends Pick<GrpcServerOptions, 'methods' | 'streams' | 'access'> {
  /** Records what is not recorded yet. To be called after the port is closed and before the log is. */
  close(): Promise<void>;
}

/** What the control port needs of the parts behind it. */
export interface ControlOptions {
  readonly config: Config;
  readonly tokens: Pick<Tokens, 'accepted'>;
  readonly auditLog: AuditLog;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'controlRefused' | 'malformed'>;
  readonly logger: Logger;
}

/** See `Control`. */
export function createControl({ config, tokens, auditLog, clock, metrics, logger }: ControlOptions): Control {
  const refusals = createRefusalRecorder({
    clock,
    canRecord: () => auditLog.state === 'open',
    async record(leafFields) {
      const { op, kind: _, ...told } = leafFields;
      // A name may be a person's, and is for the log alone.
      logger.warn({ ...told, principal: undefined }, op === 'refused' ? REFUSED : REFUSED_MORE);
      await auditLog.append({ leafFields });
    },
    onFailure: (error) => logger.error({ code: JiminiError.from(error).code }, 'a refused call could not be recorded'),
  });
  const access = createGate({
    tokens: tokens.accepted,
    clients: config.control.clients,
    proxies: config.control.proxies,
    clock,
    onRefused(refusal) {
      metrics.controlRefused(refusal.reason);
      refusals.add(refusal);
    },
  });
  return {
    ...createAuditService({ log: auditLog, onMalformed: metrics.malformed }),
    access,
    close: refusals.close,
  };
}

const REFUSED = 'a call on the control port was refused';
const REFUSED_MORE = 'more calls on the control port were refused';
