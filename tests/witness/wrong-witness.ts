import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';
import { SIGNATURE_TYPES, verifierKey } from '../../sidecar/audit/notes/verifier-key.js';
import type { Behaviour, Received } from '../moderators/stand-in.js';

/** A real HTTP server in the place of a witness, which answers as it is told. */
export async function startWrongWitness(t: ExecutionContext, behaviour: Behaviour) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    for await (const _ of request);
    const entry = { path: request.url ?? '', headers: request.headers, json: undefined };
    received.push(entry);
    behaviour(response, entry);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { publicKey } = generateKeyPairSync('ed25519');
  const bytes = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key: verifierKey('witness.example/wrong', SIGNATURE_TYPES.cosignature, bytes),
    received,
  };
}
