import type { LogBreak } from './chain-check.js';
import { checkCheckpoint, parseProofFile, parseStatement, type Statement } from './checkpoints.js';
import type { KeyEpochs, KeyInForce } from './key-epochs.js';
import { isIncluded } from './merkle.js';
import type { Finding, RuleName } from './report.js';
import { type NoteKey, parseNote, type Refused } from './signed-note.js';

/** Where a signed statement about a log comes from. */
export type ClaimSource = 'checkpoint' | 'anchor' | 'proof';

/** A signed statement about the beginning of a log. Until the end nothing of it is believed. */
export interface Claim extends Statement {
  readonly source: ClaimSource;
  /** The signed checkpoint, verbatim. */
  readonly note: Uint8Array;
  /** Of a proof file: that a leaf is at a place. */
  readonly proof?: { readonly index: number; readonly hashes: readonly Buffer[] };
}

/** Reads a checkpoint or, as `proof`, a proof file. Refuses what has not the form of one. */
export function readClaim(source: ClaimSource, bytes: Uint8Array): Claim | Refused {
  const proof = source === 'proof' ? parseProofFile(bytes) : undefined;
  if (proof && 'why' in proof) return proof;
  const note = parseNote(proof?.note ?? bytes);
  if ('why' in note) return note;
  const statement = parseStatement(note.text);
  if ('why' in statement) return statement;
  return { source, note: proof?.note ?? bytes, ...statement, ...(proof && { proof }) };
}

/** What is left to say at the end of a log. */
export type Ending =
  | { readonly status: 'tampered' | 'truncated'; readonly finding: Finding }
  | { readonly status: 'signed'; readonly signedSize: number };

/** Holds claims against the leaves of a log as they come. */
export interface ClaimsCheck {
  /** To be called with size 0, and after each leaf. */
  at(size: number, leafHash: string, root: () => Buffer, lastBreak?: LogBreak): Finding | undefined;
  /** There are no more leaves. */
  end(size: number, logId: string, isProven?: (claim: Claim) => boolean): Ending;
}

type Found = Pick<Finding, 'rule' | 'found'>;

/** `known` are the keys that checkpoints may be signed with; `epochs` has followed the same leaves. */
export function createClaimsCheck(claims: readonly Claim[], known: readonly NoteKey[], epochs: KeyEpochs): ClaimsCheck {
  const bySize = Map.groupBy(claims, ({ size }) => size);
  const byIndex = Map.groupBy(
    claims.filter(({ proof }) => proof),
    ({ proof }) => proof?.index,
  );
  const inForce = new Map<Claim, KeyInForce>();

  const rootFault = (claim: Claim, size: number, root: Buffer, lastBreak?: LogBreak): Finding | undefined => {
    inForce.set(claim, epochs.current());
    if (claim.root.equals(root)) return undefined;
    const found = `the ${claim.source} has another root hash for ${size} leaves${becauseOf(lastBreak, size - 1)}`;
    return { seq: size, rule: claim.source, found };
  };

  const proofFault = (
    { size, root, proof }: Claim,
    index: number,
    leafHash: string,
    lastBreak?: LogBreak,
  ): Finding | undefined => {
    const leaf = { hash: Buffer.from(leafHash, 'hex'), index };
    if (isIncluded(leaf, { size, root }, proof?.hashes ?? [])) return undefined;
    const found = `the proof of leaf ${index} does not lead from the leaf to the root${becauseOf(lastBreak, index)}`;
    return { seq: index, rule: 'proof', found };
  };

  const check = (claim: Claim, size: number, logId: string): Found | undefined => {
    const { source, origin, proof } = claim;
    if (size > 0 && origin !== `jimini.log/${logId}`)
      return { rule: source, found: `the ${source} is that of another log` };
    if (proof && proof.index >= claim.size)
      return { rule: source, found: 'the proof is of a leaf behind its own tree' };
    return signatureFault(claim, keysFor(inForce.get(claim)));
  };

  /** Keys that a claim may be signed with: the one in force there, as far as that is known. */
  const keysFor = (key: KeyInForce | undefined): readonly NoteKey[] => {
    const witnesses = known.filter(({ type }) => type === 4);
    if (key?.key) return epochs.isTrusted(key) ? [key.key, ...witnesses] : witnesses;
    // Of leaves that are not there nobody can say which key was in force.
    const last = epochs.current();
    return !key && last.key && epochs.isTrusted(last) ? [last.key, ...known] : known;
  };

  return {
    at(size, leafHash, root, lastBreak) {
      for (const claim of bySize.get(size) ?? []) {
        const fault = rootFault(claim, size, root(), lastBreak);
        if (fault) return fault;
      }
      for (const claim of (size > 0 && byIndex.get(size - 1)) || []) {
        const fault = proofFault(claim, size - 1, leafHash, lastBreak);
        if (fault) return fault;
      }
      return undefined;
    },
    end(size, logId, isProven = () => false) {
      for (const claim of claims) {
        const wrong = check(claim, size, logId);
        if (wrong) return { status: 'tampered', finding: { seq: size, ...wrong } };
      }
      for (const claim of claims) {
        if (claim.size <= size || isProven(claim)) continue;
        const found = `the ${claim.source} says ${claim.size} leaves, and ${size} are there`;
        return { status: 'truncated', finding: { seq: size, rule: claim.source, found } };
      }
      return { status: 'signed', signedSize: Math.max(0, ...claims.map((claim) => claim.size)) };
    },
  };
}

/** Numbers that a log gave out again after it was cut: what was signed of the first ones cannot hold any more. */
function becauseOf(lastBreak: LogBreak | undefined, seq: number): string {
  if (!lastBreak || lastBreak.recoveredSize > seq) return '';
  return `; the gap leaf ${lastBreak.seq} says that leaves from ${lastBreak.recoveredSize} on were lost, and their numbers given out again`;
}

function signatureFault({ source, note }: Claim, keys: readonly NoteKey[]): Found | undefined {
  const checked = checkCheckpoint(note, keys);
  if (!('why' in checked)) return undefined;
  const rule: RuleName = checked.why === UNKNOWN_SIGNER || checked.why === NOT_ITS_LOG ? 'signer' : source;
  return { rule, found: `the ${source}: ${checked.why}` };
}

const UNKNOWN_SIGNER = 'no known key signed the note';
const NOT_ITS_LOG = 'no key of its log signed the checkpoint';
