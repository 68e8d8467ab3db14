import type { ListenerName } from '../config/listen-address.js';
import { JiminiError } from '../kernel/errors.js';

/** The one form of every refusal to listen: which key, what was found, what to do. */
export function refused(name: ListenerName, reason: string, cause?: unknown): JiminiError {
  return new JiminiError('JIMINI_LISTEN_REFUSED', `listen.${name}: ${reason}`, { cause });
}
