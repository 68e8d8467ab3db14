import * as z from 'zod';
import { LIMITS } from '../kernel/limits.js';
import type { Impossible } from './combinations.js';
import type { Config } from './config.js';
import type { ListenerName } from './listen-address.js';

const about = (description: string) => ({ description, 'x-reload': 'restart' });
const file = z.string().max(LIMITS.configTextCharsMax).default('');

/** Lower case throughout, no dots as segments, no empty segment (SPIFFE-ID, section 2). */
const SPIFFE_ID = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*(?:\/\*)?$/;

/** RFC 3986 3.1, without the characters that Node quotes when it prints the names of a certificate. */
const OTHER_URI = /^(?!spiffe:|.*\/\*$)[a-z][a-z0-9+.-]*:[!#-&(-+\--[\]-~]+$/;

/** Name of a client in its certificate, or a pattern of such names. */
export const clientId = z
  .string()
  .max(LIMITS.clientIdCharsMax)
  .refine((id) => SPIFFE_ID.test(id) || OTHER_URI.test(id), {
    error:
      'expected a SPIFFE id such as spiffe://example.org/ns/prod/sa/gateway, with /* at its end for all below, or a URI',
  });

/** TLS of the listeners that other machines may reach. */
export const tls = z.strictObject({
  certFile: file.meta(
    about(
      'Certificate of the listeners, PEM, its chain after it. With it the listeners of `listen.tls.listeners` speak TLS. Empty = none.',
    ),
  ),
  keyFile: file.meta(about('Private key of the certificate, PEM, not encrypted; nobody else may read the file.')),
  clientCaFile: file.meta(about('Certificates of the authorities whose client certificates are accepted, PEM.')),
  clientCertificate: z
    .enum(['required', 'none'])
    .default('required')
    .meta(about('Whether callers of the data and control ports must show a certificate. The ops port asks for none.')),
  clientIds: z
    .array(clientId)
    .max(LIMITS.configListItemsMax)
    .default([])
    .meta(
      about(
        'URI names (SPIFFE ids) of the clients that may connect; an id that ends in `/*` stands for all below it. An empty list = every client with an accepted certificate.',
      ),
    ),
  listeners: z
    .array(z.enum(['data', 'control', 'ops']))
    .max(3)
    .default(['data'])
    .meta(about('Listeners that speak TLS once there is a certificate.')),
});

/** Whether a listener speaks TLS. */
export function speaksTls({ listen: { tls: settings } }: Pick<Config, 'listen'>, name: ListenerName): boolean {
  return settings.certFile !== '' && settings.listeners.includes(name);
}

/** Settings of TLS that say too little, or what would have no effect: somebody might believe in it. `saysListeners`: they were not left out. */
export function impossibleTls(
  { listen: { tls: settings } }: Pick<Config, 'listen'>,
  saysListeners: boolean,
): readonly Impossible[] {
  const { certFile, keyFile, clientCaFile, clientCertificate, clientIds } = settings;
  const said = (key: string, message: string) => [{ key: `listen.tls.${key}`, message }];
  if (certFile === '') {
    const without = {
      keyFile,
      clientCaFile,
      clientIds: clientIds.join(),
      listeners: saysListeners ? settings.listeners.join() : '',
    };
    return Object.entries(without).flatMap(([key, value]) =>
      value === '' ? [] : said(key, 'has no effect without listen.tls.certFile'),
    );
  }
  if (keyFile === '') return said('keyFile', 'expected the file with the private key of listen.tls.certFile');
  if (clientCertificate === 'none') {
    if (clientCaFile !== '') return said('clientCaFile', 'has no effect with listen.tls.clientCertificate: none');
    return clientIds.length > 0 ? said('clientIds', 'has no effect with listen.tls.clientCertificate: none') : [];
  }
  const help = 'or set listen.tls.clientCertificate: none if everybody who can reach the port may ask';
  return clientCaFile === ''
    ? said('clientCaFile', `expected the file that client certificates are checked by; ${help}`)
    : [];
}
