import * as z from 'zod';
import { LIMITS } from '../kernel/limits.js';
import { ROLES } from '../kernel/role.js';
import type { Impossible } from './combinations.js';
import type { Config } from './config.js';
import { clientId, speaksTls } from './tls.js';

const about = (description: string) => ({ description, 'x-reload': 'restart' });

/** Who may use the control port. */
export const control = z.strictObject({
  tokensFile: z
    .string()
    .max(LIMITS.configTextCharsMax)
    .default('')
    .meta(
      about(
        'File of the tokens that the control port accepts; it is watched. Empty = `control/tokens.json` in dataDir.',
      ),
    ),
  clients: z
    .record(clientId, z.array(z.enum(ROLES)).min(1).max(ROLES.length))
    .superRefine((map, context) => {
      if (Object.keys(map).length <= LIMITS.configListItemsMax) return;
      context.addIssue({ code: 'custom', message: `expected at most ${LIMITS.configListItemsMax} entries` });
    })
    .default({})
    .meta(
      about(
        'Roles of clients that show a certificate and no token, by their URI name (SPIFFE id); an id that ends in `/*` stands for all below it. Only in the file.',
      ),
    ),
  proxies: z
    .array(clientId)
    .max(LIMITS.configListItemsMax)
    .default([])
    .meta(
      about('URI names (SPIFFE ids) of proxies: their certificate gives no role, through them only a token counts.'),
    ),
});

/** What would have no effect, or says two things. */
export function impossibleControl(config: Config): readonly Impossible[] {
  const { clients, proxies } = config.control;
  const named = Object.keys(clients);
  const twice = proxies.findIndex((id) => named.includes(id));
  if (twice >= 0) {
    const message = 'is among control.clients, too: a proxy has no role; take it out of one of them';
    return [{ key: 'control.proxies', index: twice, message }];
  }
  if (speaksTls(config, 'control') && config.listen.tls.clientCertificate === 'required') return [];
  const message =
    'has no effect unless the control port asks for certificates: name control in listen.tls.listeners, with listen.tls.clientCertificate: required';
  const idle = { 'control.clients': named, 'control.proxies': proxies };
  return Object.entries(idle).flatMap(([key, ids]) => (ids.length > 0 ? [{ key, message }] : []));
}
