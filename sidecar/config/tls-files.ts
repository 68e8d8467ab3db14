import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { LIMITS } from '../kernel/limits.js';
import type { Config } from './config.js';
import type { ConfigProblem } from './problem.js';
import { readPrivateFile, readProtectedFile, type Unreadable } from './read-file.js';

/** What listeners show and check by, as PEM. Holds the private key: not to be shown. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
  /** Certificates that sign those of clients; absent = clients are not asked for one. */
  readonly clientCa?: string;
  /** When the first certificate of the chain ends, ms of the Unix epoch. */
  readonly expiresMs: number;
}

/** An identity that can be used, or why there is none. */
export type TlsFiles = { readonly identity: TlsIdentity } | { readonly problems: readonly ConfigProblem[] };

type Settings = Config['listen']['tls'];
type FileKey = 'certFile' | 'keyFile' | 'clientCaFile';

/** The files that the settings name, absolute; empty without TLS. */
export function tlsFilesOf({ certFile, keyFile, clientCaFile }: Settings): readonly string[] {
  return certFile === '' ? [] : [certFile, keyFile, clientCaFile].filter((file) => file !== '');
}

/**
 * Reads certificate, key and authorities, and checks that they fit: a server with a certificate that is not its key's, or
 * that has ended, would refuse everybody. Never rejects; `nowMs` is compared with the end of the certificate.
 */
export async function readTlsFiles(settings: Settings, nowMs: number): Promise<TlsFiles> {
  const [cert, key, clientCa] = await Promise.all([
    readProtectedFile(settings.certFile),
    readPrivateFile(settings.keyFile),
    settings.clientCaFile === '' ? undefined : readProtectedFile(settings.clientCaFile),
  ]);
  const problem = (name: FileKey, message: string): ConfigProblem => ({
    origin: { kind: 'file', file: settings[name] },
    key: `listen.tls.${name}`,
    message,
  });
  const unreadable = (name: FileKey, text: string | Unreadable | undefined) =>
    typeof text === 'object' ? [problem(name, text.reason)] : [];
  if (typeof cert !== 'string' || typeof key !== 'string' || typeof clientCa === 'object') {
    return {
      problems: [
        ...unreadable('certFile', cert),
        ...unreadable('keyFile', key),
        ...unreadable('clientCaFile', clientCa),
      ],
    };
  }
  const chain = readCertificates(cert);
  if (typeof chain === 'string') return { problems: [problem('certFile', chain)] };
  const authorities = clientCa === undefined ? [] : readCertificates(clientCa);
  if (typeof authorities === 'string') return { problems: [problem('clientCaFile', authorities)] };
  const expiresMs = Math.min(...chain.map(({ validToDate }) => validToDate.getTime()));
  if (expiresMs <= nowMs) {
    return { problems: [problem('certFile', `ended on ${new Date(expiresMs).toISOString()}; put a new one there`)] };
  }
  const privateKey = readKey(key);
  if (typeof privateKey === 'string') return { problems: [problem('keyFile', privateKey)] };
  if (!chain[0]?.checkPrivateKey(privateKey)) {
    const message = 'is not the key of the certificate that stands first in listen.tls.certFile';
    return { problems: [problem('keyFile', message)] };
  }
  const pair = { cert: pemOf(chain), key };
  const refusal = refusalOfTls(pair);
  if (refusal !== undefined) return { problems: [problem('certFile', refusal)] };
  return { identity: { ...pair, ...(clientCa !== undefined && { clientCa: pemOf(authorities) }), expiresMs } };
}

/** The certificates of a PEM file in its order, or why it cannot be used. */
function readCertificates(pem: string): readonly X509Certificate[] | string {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return 'holds no certificate in PEM (-----BEGIN CERTIFICATE-----)';
  if (blocks.length > LIMITS.pemCertificatesMax) return `holds more than ${LIMITS.pemCertificatesMax} certificates`;
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return 'holds a certificate that cannot be read';
  }
}

/** What was checked is what is used: no block of another kind, no text between. */
function pemOf(certificates: readonly X509Certificate[]): string {
  return certificates.map(String).join('');
}

function readKey(pem: string): KeyObject | string {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    return code === 'ERR_MISSING_PASSPHRASE'
      ? 'is encrypted; store it without a passphrase, in a file that only this user can read'
      : 'holds no private key in PEM';
  }
}

/** What OpenSSL holds against a pair that fits, such as a key that is too short. */
function refusalOfTls(pair: { cert: string; key: string }): string | undefined {
  try {
    createSecureContext(pair);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error && 'reason' in error ? String(error.reason) : 'unknown reason';
    return `is refused by OpenSSL (${reason})`;
  }
}
