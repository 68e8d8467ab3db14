import { VerifyRequest, VerifyResponse, VerifyStatus } from '../../proto/gen/jimini/v1/audit.js';
import {
  type Before,
  createVerification,
  type Verification,
  type VerifyReport,
} from '../audit/verify/verify-entries.js';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { decode } from './decode.js';
import { firstSeqOf, type ReadableLog, readEnd, readSeq, refuseRemoved } from './log-batch.js';
import { ownEvidence, treeRowsOf } from './own-evidence.js';
import type { SignedLog } from './proof-methods.js';
import type { StreamHandler } from './stream-method.js';

/** Leaves after which a caller is told how far it is. */
const PROGRESS_LEAVES = 32 * LIMITS.leavesPerFetch;

/** Leaves from `first` to before `end`. */
interface Range {
  readonly first: number;
  readonly end: number;
}

/** Messages that tell how far it is, and then what was found. */
type Steps = AsyncGenerator<Uint8Array, VerifyReport>;

/** Verifies the log of the program itself, one call at a time: it takes processor time that requests need. */
export function verifyHandler(log: ReadableLog & SignedLog, onMalformed: () => void): StreamHandler {
  let isRunning = false;
  return async function* (message) {
    const request = decode(VerifyRequest, message, onMalformed);
    const { size } = log;
    const first = readSeq(request.firstSeq, log);
    const end = readEnd(request, first, size);
    if (isRunning) throw new JiminiError('JIMINI_OVERLOADED', 'a verification is under way; try again later');
    isRunning = true;
    try {
      const firstSeq = firstSeqOf(log);
      const range = { first, end };
      const isWhole = first === firstSeq && end === size;
      const report = yield* isWhole ? verifyWhole(log, range) : verifyPart(log, range);
      if (STATUSES[report.status] === VerifyStatus.TAMPERED) refuseRemoved(log, firstSeq);
      yield encode({ $case: 'report', value: asMessage(report) });
    } finally {
      isRunning = false;
    }
  };
}

/** Also held against the newest checkpoint, the keys in force, and the stored tree. */
async function* verifyWhole(log: ReadableLog & SignedLog, range: Range): Steps {
  const evidence = await ownEvidence(log);
  if ('report' in evidence) return evidence.report;
  if ('badInput' in evidence) throw new JiminiError('JIMINI_STORE_UNAVAILABLE', evidence.badInput);
  const verification = createVerification(undefined, { ...evidence, treeRows: treeRowsOf(log, range) });
  yield* takeAll(log, verification, range);
  await reading(verification, () => verification.end());
  return verification.report();
}

/** Leaves only: what is signed is signed of all of them. */
async function* verifyPart(log: ReadableLog, range: Range): Steps {
  const verification = createVerification(await before(log, range.first));
  yield* takeAll(log, verification, range);
  return verification.report();
}

async function* takeAll(
  log: ReadableLog,
  verification: Verification,
  { first, end }: Range,
): AsyncGenerator<Uint8Array, void> {
  for (let told = first; await takePage(log, verification, end); ) {
    if (verification.size() - told < PROGRESS_LEAVES) continue;
    told = verification.size();
    yield encode({ $case: 'verifiedLeaves', value: BigInt(told - first) });
  }
}

/** What stands before a range. A leaf that was removed is not missed; where another one is gone, the range begins with a fault. */
async function before(log: ReadableLog, first: number): Promise<Before | undefined> {
  if (first === firstSeqOf(log)) return first === 0 ? undefined : { removed: first };
  const seq = first - 1;
  const [row] = await log.page(seq, 1);
  return { seq, bytes: row?.seq === seq ? row.bytes : new Uint8Array(0) };
}

/** Verifies the next leaves; false = there are no more, or something is wrong. */
async function takePage(log: ReadableLog, verification: Verification, end: number): Promise<boolean> {
  const from = verification.size();
  if (from >= end) return false;
  return reading(verification, async () => {
    const rows = await log.page(from, Math.min(LIMITS.leavesPerFetch, end - from));
    for (const row of rows) if (!verification.add(row)) return false;
    if (verification.hasMore() && !(await verification.settle())) return false;
    if (rows.length > 0) return true;
    verification.endsBefore(end);
    return false;
  });
}

/** A database that says that it is damaged is a finding; one that cannot be read now is none. */
async function reading<T>(verification: Verification, read: () => Promise<T>): Promise<T | false> {
  try {
    return await read();
  } catch (error) {
    if (JiminiError.from(error).code !== 'JIMINI_STORE_CORRUPT') throw error;
    verification.failed(error);
    return false;
  }
}

function encode(step: VerifyResponse['step']): Uint8Array {
  return VerifyResponse.encode({ step }).finish();
}

/** Leaves that are not signed yet are no fault of a log in use. */
const STATUSES: Readonly<Record<VerifyReport['status'], VerifyStatus>> = {
  ok: VerifyStatus.OK,
  tampered: VerifyStatus.TAMPERED,
  truncated: VerifyStatus.TAMPERED,
  unanchored: VerifyStatus.OK,
  'bad input': VerifyStatus.EMPTY,
};

function asMessage({ status, entries, logId, last, fault, signedSize }: VerifyReport) {
  return {
    status: STATUSES[status],
    verifiedLeaves: BigInt(entries),
    logId: entries > 0 ? (logId ?? '') : '',
    lastLeafHash: Buffer.from(entries > 0 ? (last?.hash ?? '') : '', 'hex'),
    fault: STATUSES[status] === VerifyStatus.TAMPERED && fault ? { ...fault, seq: BigInt(fault.seq) } : undefined,
    signedLeaves: BigInt(signedSize ?? 0),
  };
}
