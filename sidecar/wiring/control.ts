import type { AuditLog } from '../audit/audit-log.js';
import { createKeptTiles } from '../audit/tree/kept-tiles.js';
import { signedTree } from '../audit/tree/proven.js';
import { readAhead } from '../audit/tree/read-ahead.js';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { createGate } from '../server/access/gate.js';
import { createRefusalRecorder } from '../server/access/refusals.js';
import { createAuditService } from '../server/audit-service.js';
import type { GrpcServerOptions } from '../server/grpc-server.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Tokens } from './tokens.js';

/** What the control port serves, and to whom. */
export interface Control extends Pick<GrpcServerOptions, 'methods' | 'streams' | 'access'> {
  /** Reads what proofs share. To be called when everything has started. */
  begin(): void;
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
  const kept = createKeptTiles({ leafTiles: LIMITS.proofLeafTilesMax, upperTiles: LIMITS.proofUpperTilesMax });
  return {
    ...createAuditService({ log: auditLog, kept, onMalformed: metrics.malformed }),
    access,
    begin() {
      const { signed, removal } = auditLog;
      if (!signed.checkpoint) return;
      const tree = signedTree(auditLog, signed.checkpoint.note, kept);
      // What cannot be read now is read, and told of, with the proof that needs it.
      readAhead(tree, removal.boundary.minSeq, LIMITS.proofUpperTilesMax).catch(() => undefined);
    },
    close: refusals.close,
  };
}

const REFUSED = 'a call on the control port was refused';
const REFUSED_MORE = 'more calls on the control port were refused';
