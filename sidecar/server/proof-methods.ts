import {
  GetCheckpointRequest,
  GetCheckpointResponse,
  GetConsistencyProofRequest,
  GetConsistencyProofResponse,
  GetInclusionProofRequest,
  GetInclusionProofResponse,
} from '../../proto/gen/jimini/v1/audit.js';
import type { KeptKeyLeaves, LogPages } from '../audit/log-store.js';
import { formatVerifierKey, type VerifierKey } from '../audit/notes/verifier-key.js';
import { boundaryLeaves } from '../audit/prune/boundary.js';
import type { Removal } from '../audit/prune/removal.js';
import type { KeptTiles } from '../audit/tree/kept-tiles.js';
import { provenConsistency, provenInclusion, signedTree } from '../audit/tree/proven.js';
import type { TileReader } from '../audit/tree/tiles.js';
import type { UnaryHandler } from '../kernel/call.js';
import { JiminiError } from '../kernel/errors.js';
import { decode } from './decode.js';
import { refuseRemoved } from './log-batch.js';

/** A log whose tree is signed. */
export interface SignedLog extends TileReader, LogPages, KeptKeyLeaves {
  readonly logId: string;
  /** Where it begins. */
  readonly removal: Pick<Removal, 'boundary'>;
  /** Leaves in it, each of them on disk. */
  readonly size: number;
  readonly signed: {
    /** The newest checkpoint, verbatim, and the number of leaves that it covers; absent = none yet. */
    readonly checkpoint: { readonly note: Buffer; readonly size: number } | undefined;
    /** The one in force first. */
    readonly keys: readonly VerifierKey[];
  };
}

type SignedHead = NonNullable<SignedLog['signed']['checkpoint']>;

/** Methods that prove what is in a log, by name. */
export interface ProofMethods {
  readonly GetCheckpoint: UnaryHandler;
  readonly GetInclusionProof: UnaryHandler;
  readonly GetConsistencyProof: UnaryHandler;
}

/** See `ProofMethods`. `kept` is of this log. */
export function createProofMethods(
  log: SignedLog,
  kept: KeptTiles,
  onMalformed: (method: keyof ProofMethods) => void,
): ProofMethods {
  const treeOf = (head: SignedHead) => signedTree(log, head.note, kept);
  return {
    GetCheckpoint: async (message) => {
      decode(GetCheckpointRequest, message, () => onMalformed('GetCheckpoint'));
      const head = newest(log);
      return GetCheckpointResponse.encode({
        checkpoint: head.note,
        verifierKeys: log.signed.keys.map(formatVerifierKey),
        logId: log.logId,
        treeSize: BigInt(head.size),
        rootHash: Buffer.from(treeOf(head).root),
        logSize: BigInt(log.size),
        firstSeq: BigInt(log.removal.boundary.minSeq),
        boundaryLeaves: (await boundaryLeaves(log, log.removal.boundary)).map((leaf) => Buffer.from(leaf)),
      }).finish();
    },
    GetInclusionProof: async (message) => {
      const request = decode(GetInclusionProofRequest, message, () => onMalformed('GetInclusionProof'));
      const head = newest(log);
      const size = sizeOf('tree_size', request.treeSize, head);
      const seq = placeOf(request.seq, size);
      const { minSeq } = log.removal.boundary;
      if (seq < minSeq) throw invalid(`seq: the leaf ${seq} was removed: the log begins with leaf ${minSeq}`);
      const { leafHash, hashes } = await unlessRemoved(log, seq, provenInclusion(treeOf(head), seq, size));
      return GetInclusionProofResponse.encode({
        seq: request.seq,
        treeSize: BigInt(size),
        leafHash,
        hashes: [...hashes],
        checkpoint: noteOf(head, size),
      }).finish();
    },
    GetConsistencyProof: async (message) => {
      const request = decode(GetConsistencyProofRequest, message, () => onMalformed('GetConsistencyProof'));
      const head = newest(log);
      const second = sizeOf('second_size', request.secondSize, head);
      if (request.firstSize > BigInt(second)) throw invalid(`first_size is larger than the second tree, ${second}`);
      const { minSeq } = log.removal.boundary;
      if (second < minSeq || (request.firstSize > 0n && request.firstSize < BigInt(minSeq))) {
        throw invalid(`trees of fewer than ${minSeq} leaves cannot be compared: leaves before that were removed`);
      }
      const first = Number(request.firstSize);
      const { hashes } = await unlessRemoved(log, first || second, provenConsistency(treeOf(head), first, second));
      return GetConsistencyProofResponse.encode({
        firstSize: request.firstSize,
        secondSize: BigInt(second),
        hashes: [...hashes],
        checkpoint: noteOf(head, second),
      }).finish();
    },
  };
}

function newest({ signed }: SignedLog): SignedHead {
  if (signed.checkpoint) return signed.checkpoint;
  throw new JiminiError('JIMINI_STORE_UNAVAILABLE', 'there is no checkpoint yet');
}

/** What is missing because leaves up to behind `place` were removed meanwhile is no damage. */
function unlessRemoved<T>(log: SignedLog, place: number, proof: Promise<T>): Promise<T> {
  return proof.catch((error) => {
    refuseRemoved(log, place);
    throw error;
  });
}

function sizeOf(name: string, value: bigint, head: SignedHead): number {
  if (value === 0n) return head.size;
  if (value <= BigInt(head.size)) return Number(value);
  throw invalid(`${name} is larger than the newest checkpoint says, ${head.size}`);
}

function placeOf(seq: bigint, size: number): number {
  if (seq < BigInt(size)) return Number(seq);
  throw invalid(`seq: the tree has ${size} leaves; leaves that are not signed yet cannot be proven`);
}

function noteOf(head: SignedHead, size: number): Buffer {
  return size === head.size ? head.note : Buffer.alloc(0);
}

function invalid(message: string): JiminiError {
  return new JiminiError('JIMINI_INVALID_ARGUMENT', message);
}
