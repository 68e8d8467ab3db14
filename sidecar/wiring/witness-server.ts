import { once } from 'node:events';
import { mkdir, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { dirname, resolve } from 'node:path';
import { type NoteKey, readNoteKey } from '../audit/verify/signed-note.js';
import { formatListenAddress, isLocal, parseListenAddress } from '../config/listen-address.js';
import { readTextFile } from '../config/read-file.js';
import { readTlsFiles } from '../config/tls-files.js';
import { systemClock } from '../kernel/clock.js';
import { JiminiError } from '../kernel/errors.js';
import { LIMITS } from '../kernel/limits.js';
import { tlsOptions } from '../server/tls-listener.js';
import { syncDirectory } from '../storage/data-directory.js';
import { openCosigner } from '../witness/cosigner-key.js';
import { createWitnessServer } from '../witness/http.js';
import { openWitness, type WitnessOptions } from '../witness/witness.js';

/** What a witness is started with; names of files as the user gave them. */
export interface WitnessSettings extends Pick<WitnessOptions, 'onEvidence' | 'onError'> {
  /** Directory of its key and of what it cosigned; made when it is missing. */
  readonly state: string;
  /** `IP:PORT`, port 0 allowed. */
  readonly listen: string;
  /** Files with verifier keys of logs, one a line. */
  readonly logKeyFiles: readonly string[];
  /** Name of its key. */
  readonly name?: string;
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
}

/** A witness that answers. */
export interface RunningWitness {
  /** C2SP verifier key that its cosignatures are checked with; also in `key.pub` of its directory. */
  readonly verifierKey: string;
  /** Where `add-checkpoint` is posted below. */
  readonly url: string;
  /** Ends when the running requests are answered. */
  close(): Promise<void>;
}

/** Starts a witness. Rejects with a JiminiError that says what to do; what is wrong with its settings is `JIMINI_USAGE`. */
export async function startWitness(settings: WitnessSettings): Promise<RunningWitness> {
  const { state, onEvidence, onError } = settings;
  const address = addressOf(settings);
  const logKeys = (await Promise.all(settings.logKeyFiles.map(readLogKeys))).flat();
  if (logKeys.length > LIMITS.witnessLogsMax) throw usage(`--log-key: more than ${LIMITS.witnessLogsMax} keys`);
  const tls = settings.tls && (await readTls(settings.tls));
  await prepareDirectory(state);
  const cosigner = await openCosigner(state, settings.name);
  const witness = await openWitness({ logKeys, cosigner, directory: state, clock: systemClock, onEvidence, onError });
  const server = createWitnessServer(witness, tls);
  server.listen(address);
  await once(server, 'listening').catch((cause: NodeJS.ErrnoException) => {
    throw usage(`--listen: cannot listen on ${settings.listen} (${cause.code ?? 'unknown error'})`);
  });
  // A failing accept (out of file descriptors) is not the end: the next one may succeed.
  server.on('error', () => {});
  const { address: host, port } = server.address() as AddressInfo;
  return {
    verifierKey: cosigner.verifierKey,
    url: `${tls ? 'https' : 'http'}://${formatListenAddress({ kind: 'tcp', host, port })}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
    },
  };
}

function addressOf({ listen, tls }: WitnessSettings): { host: string; port: number } {
  const address = parseListenAddress(listen);
  if (typeof address === 'string') throw usage(`--listen: ${address}`);
  if (address.kind === 'unix') throw usage('--listen: a witness is reached over TCP; expected IP:PORT');
  if (!tls && !isLocal(address)) {
    throw usage(
      '--listen: other machines can reach it without encryption; use 127.0.0.1:PORT, or --tls-cert and --tls-key',
    );
  }
  return { host: address.host, port: address.port };
}

async function readLogKeys(file: string): Promise<NoteKey[]> {
  const text = await readTextFile(file);
  if (typeof text !== 'string') throw usage(`--log-key: ${file}: ${text.reason}`);
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  if (lines.length === 0) throw usage(`--log-key: ${file}: holds no verifier key`);
  return lines.map((line, index) => {
    const key = readNoteKey(line);
    if ('why' in key) throw usage(`--log-key: ${file}:${index + 1}: ${key.why}`);
    if (key.type !== 1)
      throw usage(`--log-key: ${file}:${index + 1}: expected the key of a log (type 1), not of a witness`);
    return key;
  });
}

async function readTls({ certFile, keyFile }: { certFile: string; keyFile: string }) {
  const none = { clientCaFile: '', clientCertificate: 'none' as const, clientIds: [], listeners: [] };
  const read = await readTlsFiles({ certFile, keyFile, ...none }, systemClock.nowMs());
  if ('identity' in read) return tlsOptions(read.identity);
  const lines = read.problems.map(({ key, message }) =>
    key.endsWith('keyFile') ? `--tls-key: ${keyFile}: ${message}` : `--tls-cert: ${certFile}: ${message}`,
  );
  throw usage(lines.join('\n'));
}

/** Whoever can write to it can make the witness forget what it cosigned. */
async function prepareDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    throw usage(`--state: ${path} cannot be created (${cause.code ?? 'unknown error'})`);
  });
  await syncDirectory(dirname(resolve(path)));
  const { mode, uid } = await stat(path);
  if (uid !== process.getuid?.()) throw usage(`--state: ${path} belongs to another user: name a directory of your own`);
  if ((mode & 0o022) !== 0) throw usage(`--state: ${path} is writable by others: run \`chmod go-w\` on it`);
}

function usage(message: string): JiminiError {
  return new JiminiError('JIMINI_USAGE', message);
}
