import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the JSON files: this file runs from build/tests/audit/vectors. */
export const VECTORS = join(
  dirname(fileURLToPath(import.meta.url)),
  ...['..', '..', '..', '..', 'tests', 'audit', 'vectors'],
);

export interface TreeVectors {
  readonly inclusion: readonly { readonly index: number; readonly size: number; readonly proof: readonly string[] }[];
  readonly consistency: readonly { readonly from: number; readonly size: number; readonly proof: readonly string[] }[];
}

export interface PublishedTree {
  readonly eightLeaves: TreeVectors & {
    readonly leaves: readonly string[];
    readonly nodes: readonly (readonly string[])[];
    readonly roots: readonly string[];
  };
  readonly argon2020: {
    readonly leaf: string;
    readonly index: number;
    readonly size: number;
    readonly root: string;
    readonly inclusion: readonly string[];
    readonly from: number;
    readonly fromRoot: string;
    readonly consistency: readonly string[];
  };
}

export interface GeneratedTree extends TreeVectors {
  readonly roots: readonly { readonly size: number; readonly root: string }[];
  readonly nodes: readonly { readonly level: number; readonly index: number; readonly hash: string }[];
  readonly tiles: readonly { readonly key: string; readonly value_bytes: number; readonly value_sha256: string }[];
}

interface ProofCase {
  readonly why: string;
  readonly size: number;
  readonly root: string;
  readonly proof: readonly string[];
  readonly holds: boolean;
}

export interface ProofVectors {
  readonly inclusion: readonly (ProofCase & { readonly index: number; readonly leafHash: string })[];
  readonly consistency: readonly (ProofCase & { readonly from: number; readonly fromRoot: string })[];
}

export interface NoteCase {
  readonly why: string;
  readonly note?: string;
  readonly base64?: string;
  readonly filler?: number;
  readonly keys: readonly string[];
  readonly holds: boolean;
  readonly text?: string;
  readonly signers?: readonly { readonly key: string; readonly timestampS?: string }[];
  readonly checkpoint?: {
    readonly origin: string;
    readonly size: number;
    readonly root: string;
    readonly extensions: readonly string[];
  };
}

export interface KeyCase {
  readonly why: string;
  readonly key: string;
  readonly holds: boolean;
}

export interface ProofFileCase {
  readonly why: string;
  readonly file: string;
  readonly leafHash: string;
  readonly keys: readonly string[];
  readonly hasForm: boolean;
  readonly holds: boolean;
  readonly index?: number;
  readonly size?: number;
  readonly extra?: string;
}

/** One file of vectors, as README.md beside it describes it. */
export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(join(VECTORS, name), 'utf8')) as T;
}

/** Bytes of the note of a case, and how to write its texts in full. */
export function noteBytes(entry: NoteCase): { bytes: Buffer; full: (text: string) => string } {
  const full = (text: string) => text.replaceAll('\u25a0', 'x'.repeat(entry.filler ?? 0));
  const bytes = entry.base64 === undefined ? Buffer.from(full(entry.note ?? '')) : Buffer.from(entry.base64, 'base64');
  return { bytes, full };
}
