import * as z from 'zod';
import { GAP_ACTIONS } from '../kernel/gap.js';
import { LIMITS } from '../kernel/limits.js';
import { control } from './control.js';
import { gapActions } from './gap-actions.js';
import { parseListenAddress } from './listen-address.js';
import { log, privacy, store } from './log.js';
import { moderators } from './moderators.js';
import { routes } from './routes.js';
import { killSwitch, maintenance } from './switches.js';
import { tls } from './tls.js';

/** What a key may ask of a running sidecar: `live` takes effect on reload, `restart` only at the next start. */
type Reload = 'live' | 'restart';

/** Description for people, and the annotation that tells a live key from one that needs a restart. */
function about(description: string, reload: Reload) {
  return { description, 'x-reload': reload };
}

const text = z.string().min(1).max(LIMITS.configTextCharsMax);
const list = <T extends z.ZodType>(item: T) => z.array(item).max(LIMITS.configListItemsMax);

const listenAddress = text.superRefine((value, context) => {
  const address = parseListenAddress(value);
  if (typeof address === 'string') context.addIssue({ code: 'custom', message: address });
});

/** RFC 9110 5.1: a field name is a token. Lower case, as HTTP/2 sends it. */
const headerName = text.regex(/^[a-z0-9!#$%&'*+.^_`|~-]+$/, {
  error: 'expected a header name in lower case, such as x-user-id',
});

const queryName = text.regex(/^[^\s&=#?*]+\*?$/, {
  error: 'expected the name of a query parameter; a trailing * stands for any rest',
});

/** What a pack may be called; `all` stands for every one. */
const packName = text.regex(/^[a-z0-9][a-z0-9-]{0,62}$/, { error: 'expected the name of a pack' });

/** As long as a pack may name one; nothing in it acts on a terminal. */
const tenantName = z
  .string()
  .max(256)
  .regex(/^(?:[^\s\p{Cc}\p{Cf}](?:[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*[^\s\p{Cc}\p{Cf}])?)?$/u, {
    error: 'expected a name without control characters and without blanks at its ends',
  });

/** Name of a client in its certificate, or a pattern of such names. */
const principalPattern = z.string().regex(/^[^\p{Cc}\p{Cf}]{1,2048}$/u, {
  error: 'expected a principal of 1 to 2048 characters, such as spiffe://cluster.local/ns/acme/*',
});

const listen = z.strictObject({
  data: listenAddress
    .default('127.0.0.1:9000')
    .meta(about('Address of the data port (gRPC): ext_authz and PolicyService.', 'restart')),
  control: listenAddress
    .default('127.0.0.1:9001')
    .meta(
      about(
        'Address of the control port (gRPC): AuditService. It asks for a token or a certificate with a role.',
        'restart',
      ),
    ),
  ops: listenAddress
    .default('127.0.0.1:9002')
    .meta(about('Address of the ops port (HTTP): metrics and health.', 'restart')),
  allowPlaintext: list(
    z.enum(['data', 'ops'], {
      error: (issue) =>
        issue.input === 'control' ? 'the control port is never served in plaintext beyond this machine' : undefined,
    }),
  )
    .default([])
    .meta(
      about('Listeners that may be reached from other machines without TLS. Without it they are refused.', 'restart'),
    ),
  socketMode: z
    .enum(['0600', '0660', '0666'])
    .default('0660')
    .meta(about('Mode of Unix sockets, in quotes. Their directory is 0750.', 'restart')),
  tls: tls.prefault({}),
});

const policy = z.strictObject({
  requiredPacks: list(packName)
    .default(['all'])
    .meta(about('Packs that a route cannot drop; `all` = every pack of `packs`, an empty list = none.', 'live')),
  onError: z
    .enum(GAP_ACTIONS)
    .default('deny')
    .meta(about('What happens when the rule engine fails or a request would cost more than its budget.', 'live')),
  maskInExtAuthz: z
    .enum(['block', 'flag'])
    .default('block')
    .meta(
      about(
        'What becomes of MASK through ext_authz, which cannot change a body: `block` denies, `flag` lets the request pass unchanged and is recorded as FLAG.',
        'live',
      ),
    ),
  gaps: gapActions.meta(
    about(
      'What happens to content that was not, or could not be, inspected, per gap kind; a kind that is not named keeps its default. Only in the file.',
      'live',
    ),
  ),
  routes: routes.meta(
    about('Named routes on which gaps, errors or packs are decided differently. Only in the file.', 'live'),
  ),
  denialMessage: z
    .enum(['reasons', 'decision'])
    .default('reasons')
    .meta(
      about(
        'What a denied caller is told: `reasons` = titles of rules and kinds of gaps, `decision` = the id of the decision alone. Never text.',
        'live',
      ),
    ),
  ancestorDirections: z
    .enum(['inert', 'map'])
    .default('inert')
    .meta(
      about(
        'Directions `request_body` and `response_body` in rule files of the older format: `inert` = never match, `map` = inbound and outbound.',
        'live',
      ),
    ),
});

const credentials = z.strictObject({
  headers: list(headerName)
    .default(['authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'cookie'])
    .meta(about('Headers that carry credentials: never content, never a subject. Replaces the default.', 'live')),
  query: list(queryName)
    .default(['key', 'api-key', 'access_token', 'X-Amz-*'])
    .meta(
      about(
        'Query parameters that carry credentials: no content, but for sentences and grouped numbers in them. Case does not matter; a trailing `*` stands for any rest. Replaces the default.',
        'live',
      ),
    ),
});

/** The configuration file, key by key. Everything that is not named here is refused. */
export const configSchema = z.strictObject({
  dataDir: text
    .default('./.jimini')
    .meta(about('Directory of the log. It is created with mode 0700; one process at a time uses it.', 'restart')),
  keyringDir: z
    .string()
    .max(LIMITS.configTextCharsMax)
    .default('')
    .meta(
      about(
        'Directory of the keys that open what records keep. Empty = `keyring` in the data directory, where a copy of both opens everything.',
        'restart',
      ),
    ),
  listen: listen.prefault({}),
  control: control.prefault({}),
  packs: list(text)
    .min(1)
    .default(['secrets', 'pii', 'pci', 'injection'])
    .meta(
      about(
        'Rule packs: built-in names, `all`, or paths of .yaml or .yml files (a path holds a `/` or ends so).',
        'live',
      ),
    ),
  shadow: z
    .boolean()
    .default(false)
    .meta(about('Judge and record, but answer ALLOW, except for rules with `shadow_override: enforce`.', 'live')),
  tenant: tenantName
    .default('')
    .meta(
      about(
        'Tenant of requests whose route names none, and of Evaluate: records name it, and exceptions for it hold. Empty = none.',
        'live',
      ),
    ),
  tenants: z
    .record(principalPattern, tenantName.min(1))
    .superRefine((map, context) => {
      if (Object.keys(map).length <= LIMITS.tenantsMax) return;
      context.addIssue({ code: 'custom', message: `expected at most ${LIMITS.tenantsMax} entries` });
    })
    .default({})
    .meta(
      about(
        'Tenants by patterns of principals: names in the certificates that clients show the proxy, such as SPIFFE ids. Only in the file.',
        'live',
      ),
    ),
  policy: policy.prefault({}),
  moderators,
  killSwitch,
  maintenance,
  trustedHeaders: list(headerName)
    .default([])
    .meta(about('Headers that the proxy sets itself, so that a route may take the subject from them.', 'live')),
  credentials: credentials.prefault({}),
  server: z
    .strictObject({
      reflection: z
        .union([z.literal('auto'), z.boolean()])
        .default('auto')
        .meta(about('gRPC reflection; `auto` = only on loopback and Unix sockets.', 'restart')),
    })
    .prefault({}),
  log: log.prefault({}),
  privacy: privacy.prefault({}),
  store: store.prefault({}),
  metrics: z
    .strictObject({
      seedNames: z
        .boolean()
        .default(true)
        .meta(
          about(
            'Expose the older metric names (`jimini_latency_ms` and others) beside the conventional ones.',
            'restart',
          ),
        ),
    })
    .prefault({}),
  logLevel: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .meta(about('Least severity of what is logged to standard output.', 'live')),
});

/** A configuration that passed the schema, before paths are resolved. */
export type ConfigInput = z.output<typeof configSchema>;
