import { X509Certificate } from 'node:crypto';
import test from 'ava';
import { clientIdOf, isAllowed } from '../../sidecar/server/client-id.js';
import { type CertificateOptions, createAuthority } from '../envoy/certificates.js';

const authority = createAuthority();
const ID = 'spiffe://example.org/ns/prod/sa/gateway';

const named = test.macro({
  exec(t, _what: string, options: CertificateOptions, expected: string | undefined) {
    t.is(clientIdOf(new X509Certificate(authority.issue(options).cert)), expected);
  },
  title: (_, what: string, __, expected) => `${what} ${expected === undefined ? 'names nobody' : 'names a client'}`,
});
test(named, 'one URI', { uris: [ID] }, ID);
test(named, 'one URI beside DNS names', { uris: [ID], dnsNames: ['a.example', 'b.example'] }, ID);
test(named, 'no URI', { dnsNames: ['a.example'] }, undefined);
test(named, 'a DNS name that looks like an id', { dnsNames: [`x, URI:${ID}`] }, undefined);
test(named, 'two URIs', { uris: [ID, 'spiffe://example.org/other'] }, undefined);
test(named, 'the same URI twice', { uris: [ID, ID] }, undefined);
test(named, 'the certificate of an authority', { uris: [ID], isAuthority: true }, undefined);
// Node prints it in quotes, so that it is not two names; whoever takes the text apart at commas reads an allowed one.
const smuggled = `https://x/, URI:${ID}, URI:y`;
test(named, 'a URI with another one inside', { uris: [smuggled] }, JSON.stringify(smuggled).replaceAll(',', '\\u002c'));

test('nobody without a certificate', (t) => {
  t.is(clientIdOf(undefined), undefined);
});

const allowed = test.macro({
  exec(t, entry: string, id: string, expected: boolean) {
    t.is(isAllowed(['spiffe://elsewhere/x', entry], id), expected);
  },
  title: (_, entry: string, id: string, expected: boolean) =>
    `${entry} ${expected ? 'allows' : 'does not allow'} ${id}`,
});
const BELOW = 'spiffe://example.org/ns/prod/*';
test(allowed, ID, ID, true);
test(allowed, ID, `${ID}2`, false);
test(allowed, ID, 'spiffe://example.org/ns/prod/sa', false);
test(allowed, BELOW, ID, true);
test(allowed, BELOW, 'spiffe://example.org/ns/prod', false);
test(allowed, BELOW, 'spiffe://example.org/ns/prod/', false);
test(allowed, BELOW, 'spiffe://example.org/ns/production/sa/gateway', false);
test(allowed, BELOW, 'spiffe://example.org/ns/prod/../dev/sa/gateway', false);
test(allowed, BELOW, 'spiffe://example.org/ns/prod/sa/..', false);
test(allowed, BELOW, 'spiffe://example.org/ns/prod//sa', false);
test(allowed, 'spiffe://example.org/*', 'spiffe://example.org.evil/x', false);
