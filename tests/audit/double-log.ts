import type { AuditLog, AuditLogOptions } from '../../sidecar/audit/audit-log.js';
import type { LeafRow } from '../../sidecar/audit/log-store.js';
import { createTreeEdge } from '../../sidecar/audit/tree/tree-edge.js';
import { type VerifyReport, verifyEntries } from '../../sidecar/audit/verify/verify-entries.js';
import type { FaultyStore } from '../storage/faulty-store.js';
import { decision, logOptions, openAuditLog, signingFilesOf } from './records.js';

/** What became of one append: its number, or the code it was refused with. */
export interface Outcome {
  readonly route: string;
  readonly seq?: number;
  readonly code?: string;
}

/** Whether an append may be answered before the sync. */
interface AttemptOptions {
  readonly mayPrecedeSync?: boolean;
}

/** Checkpoints that said more than was on disk when they were written, by store. */
const outrun = new WeakMap<FaultyStore, string[]>();

/** A log on a store in memory, which waits neither between attempts to heal nor before it signs. */
export function openDoubleLog(store: FaultyStore): Promise<AuditLog> {
  const base = logOptions(store, { wait: () => Promise.resolve() });
  const wrong = outrun.get(store) ?? [];
  outrun.set(store, wrong);
  const signing: AuditLogOptions['signing'] = {
    ...base.signing,
    after(_ms, run) {
      const soon = setImmediate(run);
      return () => clearImmediate(soon);
    },
    onCheckpoint(event) {
      if (event.state === 'published' && !isOnDisk(store)) wrong.push(`a checkpoint of ${event.size} leaves`);
    },
  };
  return openAuditLog({ ...base, signing });
}

/** Whether the store begins with what the newest checkpoint says. */
function isOnDisk(store: FaultyStore): boolean {
  const [, size, root] = signingFilesOf(store).newest?.toString().split('\n') ?? [];
  const edge = createTreeEdge();
  for (const { hash } of store.disk.slice(0, Number(size))) edge.append(Buffer.from(hash, 'hex'));
  return edge.size === Number(size) && edge.root().toString('base64') === root;
}

/** Appends one record and says what became of it. Never rejects. */
export async function attempt(log: AuditLog, route: string, options: AttemptOptions = {}): Promise<Outcome> {
  try {
    return { route, seq: (await log.append({ leafFields: decision(route), ...options })).seq };
  } catch (error) {
    return { route, code: (error as { code: string }).code };
  }
}

/** Resolves once the log takes records again. */
export async function healed(log: AuditLog): Promise<void> {
  while (log.state === 'healing') await new Promise((resolve) => setImmediate(resolve));
}

/** The leaves on disk, parsed. */
export function leavesOf(rows: readonly LeafRow[]): Record<string, unknown>[] {
  return rows.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>);
}

/** The verifier's word on what is on disk. */
export function verifyRows(rows: readonly LeafRow[]): Promise<VerifyReport> {
  return verifyEntries(rows);
}

/**
 * What is wrong with what a log kept, compared with what its callers were told; empty = nothing. Every acknowledged
 * record is there once, at its number. Every refused one is stated by a `gap` leaf, and named there if it is in the
 * log after all.
 */
export async function discrepanciesIn(rows: readonly LeafRow[], outcomes: readonly Outcome[]): Promise<string[]> {
  const leaves = leavesOf(rows);
  const gaps = leaves.filter((leaf) => leaf['reason'] === 'store_unavailable');
  const kept = gaps.flatMap((leaf) => {
    const [first, last] = leaf['kept'] as number[];
    return first === undefined || last === undefined
      ? []
      : Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  const wrong = await lostRecords(rows, outcomes);
  const refused = outcomes.filter((outcome) => outcome.code !== undefined);
  const present = refused.flatMap(({ route }) => seqsOf(leaves, route)).sort();
  if (JSON.stringify(present) !== JSON.stringify(kept.sort())) {
    wrong.push(`refused but present: ${present}; stated: ${kept}`);
  }
  const stated = gaps.reduce((sum, leaf) => sum + (leaf['records'] as number), 0);
  if (stated !== refused.length) wrong.push(`${refused.length} were refused, ${stated} are stated`);
  return wrong;
}

/** The same, of what is on the disk of a double. */
export async function discrepancies(store: FaultyStore, outcomes: readonly Outcome[]): Promise<string[]> {
  return [...(await discrepanciesIn(store.disk, outcomes)), ...(outrun.get(store) ?? [])];
}

/** The part of it that holds at any moment: the chain is whole, and acknowledged records are there once. */
export async function lostRecords(rows: readonly LeafRow[], outcomes: readonly Outcome[]): Promise<string[]> {
  const report = await verifyRows(rows);
  const leaves = leavesOf(rows);
  return [
    ...(report.status === 'ok' ? [] : [`verifier: ${JSON.stringify(report)}`]),
    ...outcomes
      .filter(({ seq, route }) => seq !== undefined && JSON.stringify(seqsOf(leaves, route)) !== `[${seq}]`)
      .map(({ route, seq }) => `${route} is not at ${seq} alone`),
  ];
}

function seqsOf(leaves: readonly Record<string, unknown>[], route: string): unknown[] {
  return leaves.filter((leaf) => leaf['route'] === route).map((leaf) => leaf['seq']);
}
