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
import type { StreamHandler } from './stream-method.js';

/** Leaves after which a caller is told how far it is. */
const PROGRESS_LEAVES = 32 * LIMITS.leavesPerFetch;

/** Verifies the log of the program itself, one call at a time: it takes processor time that requests need. */
export function verifyHandler(log: ReadableLog, onMalformed: () => void): StreamHandler {
  let isRunning = false;
  return async function* (message) {
    const request = decode(VerifyRequest, message, onMalformed);
    const { size } = log;
    const first = readSeq(request.firstSeq, log);
    const end = readEnd(request, first, size);
    if (isRunning) throw new JiminiError('JIMINI_OVERLOADED', 'a verification is under way; try again later');
    isRunning = true;
    try {
      yield* verify(log, first, end);
    } finally {
      isRunning = false;
    }
  };
}

async function* verify(log: ReadableLog, first: number, end: number): AsyncGenerator<Uint8Array> {
  const verification = createVerification(await before(log, first));
  for (let told = first; await takePage(log, verification, end); ) {
    if (verification.size() - told < PROGRESS_LEAVES) continue;
    told = verification.size();
    yield encode({ $case: 'verifiedLeaves', value: BigInt(told - first) });
  }
  yield encode({ $case: 'report', value: asMessage(verification.report()) });
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
  try {
    const rows = await log.page(from, Math.min(LIMITS.leavesPerFetch, end - from));
    refuseRemoved(log, from);
    for (const row of rows) if (!verification.add(row)) return false;
    if (rows.length > 0) return true;
    verification.endsBefore(end);
  } catch (error) {
    if (JiminiError.from(error).code !== 'JIMINI_STORE_CORRUPT') throw error;
    verification.failed(error);
  }
  return false;
}

function encode(step: VerifyResponse['step']): Uint8Array {
  return VerifyResponse.encode({ step }).finish();
}

/** A part of a log is held against nothing that is signed, so that it can be neither cut off nor unsigned. */
const STATUSES: Readonly<Record<VerifyReport['status'], VerifyStatus>> = {
  ok: VerifyStatus.OK,
  tampered: VerifyStatus.TAMPERED,
  truncated: VerifyStatus.TAMPERED,
  unanchored: VerifyStatus.OK,
  'bad input': VerifyStatus.EMPTY,
};

function asMessage({ status, entries, logId, last, fault }: VerifyReport) {
  return {
    status: STATUSES[status],
    verifiedLeaves: BigInt(entries),
    logId: entries > 0 ? (logId ?? '') : '',
    lastLeafHash: Buffer.from(entries > 0 ? (last?.hash ?? '') : '', 'hex'),
    fault: fault && { ...fault, seq: BigInt(fault.seq) },
  };
}
