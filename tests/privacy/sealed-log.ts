import { createHash, createHmac } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dataKeyOf, type EnvelopePlace, openPayload, readEnvelope } from '../../sidecar/audit/payload/envelope.js';
import { dayHolder, type Holder, subjectHolder } from '../../sidecar/audit/payload/holder.js';
import type { Payload } from '../../sidecar/privacy/payload.js';
import { logDirectory } from '../../sidecar/storage/data-directory.js';
import { KeyringFile } from '../../sidecar/storage/keyring/keyring-file.js';
import { LevelLog } from '../../sidecar/storage/level-log.js';

/** A leaf of a log that is not in use, with the payload beside it and the holder that opened it. */
export interface SealedRecord {
  readonly leaf: Record<string, unknown>;
  readonly envelope: Uint8Array | undefined;
  readonly payload: Payload | undefined;
  readonly holder: Holder | undefined;
}

/** Reads all of a stopped sidecar's log, and opens its payloads with the keyring, as somebody would who has nothing else. */
export async function readSealedLog(dataDir: string, keyringDir: string): Promise<SealedRecord[]> {
  const log = await LevelLog.open(logDirectory(dataDir), { create: false });
  const rows = await log.page(0, 10_000);
  const logId = JSON.parse(String(Buffer.from(rows[0]?.bytes ?? []))).log_id as string;
  const keyring = await KeyringFile.open(join(keyringDir, logId));
  const records = [];
  for (const { seq, bytes } of rows) {
    const leaf = JSON.parse(Buffer.from(bytes).toString());
    const envelope = await log.envelope(seq);
    const holder = envelope && holderOf(envelope, keyring);
    const payload = envelope && holder && opened(envelope, holder, { logId, seq });
    records.push({ leaf, envelope, payload, holder });
  }
  await keyring.close();
  await log.close();
  return records;
}

function opened(envelope: Uint8Array, holder: Holder, place: EnvelopePlace): Payload {
  const { nonce } = readEnvelope(envelope);
  return JSON.parse(openPayload(envelope, dataKeyOf(holder, nonce, place), place).toString()) as Payload;
}

function holderOf(envelope: Uint8Array, keyring: KeyringFile): Holder | undefined {
  const { day, tag } = readEnvelope(envelope);
  const dayKey = keyring.get(`day/${day}`);
  if (!dayKey) return undefined;
  if (!tag) return dayHolder(day, dayKey);
  const ids = Array.from(keyring.ids()).filter((id) => id.startsWith('subject/'));
  const holders = ids.map((id) => subjectHolder(day, dayKey, keyring.get(id) as Uint8Array));
  return holders.find((holder) => holder.tag && Buffer.compare(holder.tag, tag) === 0);
}

/** The commitment to spans, worked out from the documented formulas alone. */
export function commitmentByHand(field: string, spans: readonly (Buffer | { hash: string })[], seed: string): string {
  const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
  const prefix = (purpose: string) => Buffer.from(`jimini/${purpose}/v1\0${field}\0`);
  const number = (value: number, bytes: number) => Buffer.from(value.toString(16).padStart(2 * bytes, '0'), 'hex');
  const hashes = spans.map((span, index) => {
    if ('hash' in span) return Buffer.from(span.hash, 'hex');
    const expand = Buffer.concat([prefix('nonce'), number(index, 4), Buffer.of(1)]);
    const nonce = createHmac('sha256', Buffer.from(seed, 'hex')).update(expand).digest();
    return sha256(prefix('span'), nonce, number(span.length, 8), span);
  });
  return sha256(prefix('field'), number(hashes.length, 4), ...hashes).toString('hex');
}

/** Every file below a directory, as it lies on the disk. */
export async function filesBelow(directory: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(await Promise.all(paths.map(async (path) => [path, await readFile(path)] as const)));
}
