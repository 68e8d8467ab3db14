/** What may be told of an error of our own: what it is and where it was thrown, never its message, which can quote text. */
export interface Fault {
  /** Class or system code of the error (`RangeError`, `ERR_WORKER_OUT_OF_MEMORY`), or what became of a thread (`worker_timeout`). */
  readonly cause: string;
  /** Our file and line that threw it, `sidecar/policy/views/encoded-runs.ts:18`; absent = not known. */
  readonly place?: string;
}

const SYSTEM_CODE = /^[A-Z][A-Z0-9_]{1,59}$/;
const CLASS_NAME = /^[A-Za-z]{1,60}$/;
const OWN_FRAME = /^ {4}at .*?((?:sidecar|mesh|adapters)\/[\w./-]+\.[jt]s:\d+):\d+\)?$/m;

/** The fault of anything thrown. */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { cause: 'unknown' };
  const { code } = error as { code?: unknown };
  const isCoded = typeof code === 'string' && SYSTEM_CODE.test(code);
  const cause = isCoded ? code : CLASS_NAME.test(error.name) ? error.name : 'unknown';
  const place = OWN_FRAME.exec(framesOf(error))?.[1];
  return { cause, ...(place !== undefined && { place }) };
}

/** The stack behind its message, which can have lines that look like frames. */
function framesOf({ stack = '', message }: Error): string {
  const at = stack.indexOf(message);
  return at < 0 ? '' : stack.slice(at + message.length);
}
