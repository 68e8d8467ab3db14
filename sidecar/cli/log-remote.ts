import {
  GetCheckpointRequest,
  GetCheckpointResponse,
  GetInclusionProofRequest,
  GetInclusionProofResponse,
  StreamEntriesRequest,
  StreamEntriesResponse,
} from '../../proto/gen/jimini/v1/audit.js';
import { readEvidence } from '../audit/verify/held-against.js';
import type { Entry, VerifyReport } from '../audit/verify/report.js';
import { createVerification, type Verification } from '../audit/verify/verify-entries.js';
import { JiminiError } from '../kernel/errors.js';
import { type ControlClient, type RemotePlace, withControlClient } from './control-client.js';
import { type EvidenceOptions, evidenceOfRemote } from './log-files.js';
import type { LogIo } from './log-options.js';

const SERVICE = '/jimini.v1.AuditService';

/** The newest checkpoint of a running sidecar, as it tells it. */
export function askCheckpoint(client: ControlClient): Promise<GetCheckpointResponse> {
  return client.unary(`${SERVICE}/GetCheckpoint`, GetCheckpointRequest, GetCheckpointResponse, {});
}

/** An inclusion proof for a tree that is signed. */
export function askInclusion(client: ControlClient, seq: number, treeSize: number): Promise<GetInclusionProofResponse> {
  const request = { seq: BigInt(seq), treeSize: BigInt(treeSize) };
  return client.unary(`${SERVICE}/GetInclusionProof`, GetInclusionProofRequest, GetInclusionProofResponse, request);
}

/** Leaves from `firstSeq` on to what is the end of the log now, as they are sent. */
export async function* askEntries(
  client: ControlClient,
  firstSeq: number,
): AsyncGenerator<StreamEntriesResponse['entries']> {
  const request = StreamEntriesRequest.fromPartial({ firstSeq: BigInt(firstSeq), stopAtEnd: true });
  const stream = client.stream(`${SERVICE}/StreamEntries`, StreamEntriesRequest, StreamEntriesResponse, request);
  let sent = firstSeq;
  let size = 0n;
  for await (const { entries, logSize } of stream as AsyncIterable<StreamEntriesResponse>) {
    size = logSize;
    sent += entries.length;
    yield entries;
  }
  if (BigInt(sent) >= size) return;
  throw new JiminiError('JIMINI_USAGE', `the sidecar ended the stream after ${sent} leaves of ${size}: ask again`);
}

/**
 * Verifies the whole log of a running sidecar from its leaves, as they come, by the offline verifier's rules, against the checkpoint
 * that it gave before: it is only believed to say how many leaves there are. Rejects with `JIMINI_USAGE` when it
 * cannot be asked, ends too early, or there is nothing to verify with.
 */
export function verifyRemote(
  place: RemotePlace & EvidenceOptions,
  io: LogIo,
  onProgress: (entries: number) => void,
): Promise<VerifyReport> {
  return withControlClient(place, io, async (client) => {
    const { checkpoint, verifierKeys: keys, boundaryLeaves: boundary } = await askCheckpoint(client);
    const read = readEvidence(await evidenceOfRemote({ checkpoint, keys, boundary }, place));
    if ('report' in read) return read.report;
    if ('badInput' in read) throw new JiminiError('JIMINI_USAGE', read.badInput);
    const verification = createVerification(undefined, read);
    if (await takeAll(client, verification, onProgress)) await verification.end();
    return verification.report();
  });
}

async function takeAll(
  client: ControlClient,
  verification: Verification,
  onProgress: (entries: number) => void,
): Promise<boolean> {
  for await (const entries of askEntries(client, verification.size())) {
    for (const entry of entries) if (!verification.add(asEntry(entry))) return false;
    onProgress(verification.size());
  }
  return true;
}

function asEntry({ seq, leaf, leafHash }: StreamEntriesResponse['entries'][number]): Entry {
  const isSafe = seq <= BigInt(Number.MAX_SAFE_INTEGER);
  return { seq: isSafe ? Number(seq) : undefined, bytes: leaf, hash: Buffer.from(leafHash).toString('hex') };
}
