import type { Config } from './config.js';
import { parseListenAddress } from './listen-address.js';
import { ALL_PACKS, isPackPath, packEntryRefusal } from './pack-names.js';
import { printable } from './printable.js';

/** A setting that is well-formed, but impossible together with another one or with this version. */
export interface Impossible {
  readonly key: string;
  readonly message: string;
}

/** Everything impossible in a configuration that passed the schema. */
export function findImpossible(config: Config): readonly Impossible[] {
  return [...packEntries(config), ...requiredPacks(config), ...listeners(config), ...subjectHeaders(config)];
}

function packEntries(config: Config): Impossible[] {
  const refused = config.packs.flatMap((entry) => packEntryRefusal(entry) ?? []);
  const twice = new Set(config.packs.filter((entry, index) => config.packs.indexOf(entry) !== index));
  const listedTwice = [...twice].map(
    (entry) => `${printable(entry)} is listed twice; "all" stands for ${ALL_PACKS.join(', ')}`,
  );
  return [...refused, ...listedTwice].map((message) => ({ key: 'packs', message }));
}

/** A file may give its pack any name, so names can be judged here only when every pack is built in. */
function requiredPacks(config: Config): Impossible[] {
  const key = 'policy.requiredPacks';
  const required = config.policy.requiredPacks;
  if (required.includes('all') && required.length > 1) {
    return [{ key, message: '"all" already holds every pack; leave the others out' }];
  }
  if (config.packs.some(isPackPath)) return [];
  return required
    .filter((name) => name !== 'all' && !config.packs.includes(name))
    .map((name) => ({ key, message: `${name} is not among packs (${config.packs.join(', ')})` }));
}

function listeners(config: Config): Impossible[] {
  const names = ['data', 'control', 'ops'] as const;
  const exposed = names.flatMap((name) => exposedListener(config, name));
  const shared = names.flatMap((name, index) => {
    const other = names.slice(0, index).find((earlier) => config.listen[earlier] === config.listen[name]);
    if (other === undefined || config.listen[name].endsWith(':0')) return [];
    return [{ key: `listen.${name}`, message: `same address as listen.${other}` }];
  });
  return [...exposed, ...shared];
}

function exposedListener(config: Config, name: 'data' | 'control' | 'ops'): Impossible[] {
  const key = `listen.${name}`;
  const address = parseListenAddress(config.listen[name]);
  // Resolving a relative socket path can make it too long.
  if (typeof address === 'string') return [{ key, message: address }];
  if (address.kind === 'unix' || address.loopback) return [];
  if (name === 'control') {
    return [{ key, message: 'not a loopback address, and this version has no TLS; use 127.0.0.1:PORT or unix:PATH' }];
  }
  if (config.listen.allowPlaintext.includes(name)) return [];
  const message = `not a loopback address, and this version has no TLS; add ${name} to listen.allowPlaintext if plaintext is acceptable`;
  return [{ key, message }];
}

function subjectHeaders(config: Config): Impossible[] {
  return config.trustedHeaders
    .filter((name) => config.credentials.headers.includes(name))
    .map((name) => ({ key: 'trustedHeaders', message: `${name} carries a credential; it cannot name the subject` }));
}
