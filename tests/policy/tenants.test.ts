import test from 'ava';
import { createTenantFinder } from '../../sidecar/policy/tenants.js';

const find = createTenantFinder({
  'spiffe://example.org/ns/acme/sa/admin': 'admins',
  'spiffe://example.org/ns/acme/*': 'acme',
  'CN=app,O=*': 'apps',
});

for (const [principal, tenant] of [
  ['spiffe://example.org/ns/acme/sa/admin', 'admins'],
  ['spiffe://example.org/ns/acme/sa/app', 'acme'],
  ['spiffe://example.org/ns/acmes/sa/app', ''],
  ['spiffe://example.org.evil/ns/acme/sa/app', ''],
  ['CN=app,O=Acme', 'apps'],
  ['cn=app,o=acme', ''],
  ['', ''],
] as const) {
  test(`the tenant of ${principal || 'nobody'} is ${tenant || 'none'}`, (t) => {
    t.is(find(principal), tenant);
  });
}

test('without tenants nobody has one', (t) => {
  t.is(createTenantFinder({})('spiffe://example.org/ns/acme/sa/app'), '');
});
