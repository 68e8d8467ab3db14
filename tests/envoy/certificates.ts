import { generateKeyPairSync } from 'node:crypto';
import forge from 'node-forge';

/** What a certificate of the tests says. */
export interface CertificateOptions {
  /** URI names, such as a SPIFFE id. */
  readonly uris?: readonly string[];
  /** DNS names; `localhost` unless there are URIs. */
  readonly dnsNames?: readonly string[];
  /** Days from now until it ends; negative = it has ended. */
  readonly days?: number;
  /** It may sign others. */
  readonly isAuthority?: boolean;
}

/** A certificate with its key, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Somebody who signs certificates. */
export interface Authority extends Certificate {
  issue(options?: CertificateOptions): Certificate;
}

const DAY_MS = 24 * 60 * 60 * 1000;
let serial = 0;

/** Makes an authority of its own, which nobody knows yet. */
export function createAuthority(name = 'Test authority'): Authority {
  const own = newKey();
  const cert = sign({ subject: name, issuer: name, key: own, signer: own, isAuthority: true });
  return {
    cert,
    key: own,
    issue(options = {}) {
      const key = newKey();
      return { key, cert: sign({ subject: 'Test certificate', issuer: name, key, signer: own, ...options }) };
    },
  };
}

function newKey(): string {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey;
}

interface Signing extends CertificateOptions {
  readonly subject: string;
  readonly issuer: string;
  readonly key: string;
  readonly signer: string;
}

function sign({ subject, issuer, key, signer, isAuthority = false, days = 1, ...names }: Signing): string {
  const certificate = forge.pki.createCertificate();
  const privateKey = forge.pki.privateKeyFromPem(key);
  certificate.publicKey = forge.pki.setRsaPublicKey(privateKey.n, privateKey.e);
  serial += 1;
  certificate.serialNumber = (0x10_00_00_00 + serial).toString(16);
  certificate.validity.notBefore = new Date(Date.now() - 10 * DAY_MS);
  certificate.validity.notAfter = new Date(Date.now() + days * DAY_MS);
  certificate.setSubject([{ name: 'commonName', value: subject }]);
  certificate.setIssuer([{ name: 'commonName', value: issuer }]);
  const { uris = [], dnsNames = uris.length > 0 ? [] : ['localhost'] } = names;
  const altNames = [...uris.map((value) => ({ type: 6, value })), ...dnsNames.map((value) => ({ type: 2, value }))];
  certificate.setExtensions([
    { name: 'basicConstraints', cA: isAuthority, critical: true },
    { name: 'subjectKeyIdentifier' },
    ...(isAuthority ? [{ name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true }] : []),
    { name: 'subjectAltName', altNames },
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(signer), forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate);
}
