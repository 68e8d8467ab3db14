import { type CallContext, type UnaryHandler, withTraceOf } from '../../sidecar/kernel/call.js';
import type { DecisionPort } from '../../sidecar/kernel/decision-port.js';
import { JiminiError } from '../../sidecar/kernel/errors.js';
import { type Caller, type CheckSettings, readCheck, UNKNOWN_CALLER } from './read-check.js';
import { failedCheckResponse, overloadedCheckResponse, writeCheck } from './write-check.js';

/** Full name of the one method of Envoy's external authorization service. */
export const CHECK_METHOD = '/envoy.service.auth.v3.Authorization/Check';

/** What the door needs of the parts behind it. */
export interface CheckHandlerOptions {
  readonly decisionPort: DecisionPort;
  /** Read anew for each check, so that a reload of the configuration needs no new handler. */
  readonly settings: () => CheckSettings;
  /** Told of faults of our own code, which the caller only sees as a denial. */
  readonly onFault: (error: JiminiError) => void;
}

/**
 * The ext_authz door: bytes of a CheckRequest in, bytes of a CheckResponse out. Never rejects: a gRPC error would put
 * the decision into Envoy's hands, and a client that can provoke one gets in where `failure_mode_allow` is set
 * (CVE-2024-23324).
 */
export function createCheckHandler(options: CheckHandlerOptions): UnaryHandler {
  const { decisionPort, settings, onFault } = options;
  return async (message: Uint8Array, call: CallContext): Promise<Uint8Array> => {
    let caller: Caller = UNKNOWN_CALLER;
    try {
      const check = readCheck(message, settings());
      caller = check.caller;
      const decision = await decisionPort.decide(withTraceOf(call, check.evaluation));
      return writeCheck(decision, caller);
    } catch (error) {
      const fault = JiminiError.from(error);
      if (fault.code === 'JIMINI_OVERLOADED') return overloadedCheckResponse(caller);
      onFault(fault);
      return failedCheckResponse(caller);
    }
  };
}
