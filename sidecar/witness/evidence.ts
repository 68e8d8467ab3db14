import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '../kernel/limits.js';

/**
 * Why a pair of checkpoints is kept. `fork`: one size with two roots, both signed by the log; the pair alone proves that the
 * log told two histories. `unproven`: the offered one is larger and its proof does not hold, which can also be the fault of
 * whoever sent it.
 */
export type EvidenceKind = 'fork' | 'unproven';

/** Two checkpoints of one log, signed by it, both verbatim. */
export interface Pair {
  readonly kind: EvidenceKind;
  /** Names the log in the names of files: hex. */
  readonly log: string;
  /** What was cosigned before. */
  readonly known: Buffer;
  /** What was refused. */
  readonly offered: Buffer;
}

const SYNCED = { mode: 0o600, flush: true } as const;

/**
 * Writes the pair into two files of `directory` that say so in their names, and resolves to their path without the ending
 * (`.known`, `.offered`); undefined when there are `LIMITS.witnessEvidenceMax` pairs of this kind already. A pair that is kept is not written twice.
 */
export async function keepEvidence(
  directory: string,
  { kind, log, known, offered }: Pair,
): Promise<string | undefined> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const start = `${log.slice(0, 16)}-${kind}-`;
  const digest = createHash('sha256').update(known).update(offered).digest('hex').slice(0, 16);
  const name = `${start}${digest}`;
  const kept = (await readdir(directory)).filter((file) => file.startsWith(start) && file.endsWith('.offered'));
  if (!kept.includes(`${name}.offered`)) {
    if (kept.length >= LIMITS.witnessEvidenceMax) return undefined;
    await writeFile(join(directory, `${name}.known`), known, SYNCED);
    await writeFile(join(directory, `${name}.offered`), offered, SYNCED);
  }
  return join(directory, name);
}
