import { printable } from '../kernel/printable.js';
import type { Config, Origins } from './config.js';
import { impossibleControl } from './control.js';
import {
  formatListenAddress,
  type ListenAddress,
  type ListenerName,
  parseListenAddress,
  plaintextRefusal,
} from './listen-address.js';
import { misplacedDirectories } from './misplaced.js';
import { ALL_PACKS, isPackPath, packEntryRefusal } from './pack-names.js';
import { impossibleTls, speaksTls } from './tls.js';

/** A setting that is well-formed, but impossible together with another one or with this version. */
export interface Impossible {
  readonly key: string;
  readonly message: string;
  /** Which item of a list it is; absent = the setting as a whole. */
  readonly index?: number;
}

/** Everything impossible in a configuration that passed the schema. `origins`: where each setting was said. */
export function findImpossible(config: Config, origins: Origins): readonly Impossible[] {
  const isSaid = (key: string) => (origins.get(key)?.kind ?? 'default') !== 'default';
  return [
    ...packEntries(config),
    ...requiredPacks(config),
    ...routePacks(config),
    ...listeners(config),
    ...impossibleTls(config, isSaid('listen.tls.listeners')),
    ...impossibleControl(config),
    ...subjectHeaders(config),
    ...misplacedDirectories(config),
  ];
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
  return notAmongPacks(config, key, required);
}

function notAmongPacks({ packs }: Config, key: string, names: readonly string[]): Impossible[] {
  if (packs.some(isPackPath)) return [];
  return names
    .filter((name) => name !== 'all' && !packs.includes(name))
    .map((name) => ({
      key,
      index: names.indexOf(name),
      message: `${printable(name)} is not among packs (${packs.join(', ')})`,
    }));
}

/** A route chooses packs only where not all of them are required. */
function routePacks(config: Config): Impossible[] {
  const { routes, requiredPacks: required } = config.policy;
  return Object.entries(routes).flatMap(([name, { packs }]) => {
    const key = `policy.routes.${name}.packs`;
    if (packs === undefined) return [];
    if (packs.includes('all')) return [{ key, message: 'name each pack; a route without packs has all of them' }];
    if (!required.includes('all')) return notAmongPacks(config, key, packs);
    const message =
      'has no effect, because all packs are required; name in policy.requiredPacks those that no route may drop';
    return [{ key, message }];
  });
}

function listeners(config: Config): Impossible[] {
  const taken = new Map<string, ListenerName>();
  return LISTENERS.flatMap((name) => {
    const key = `listen.${name}`;
    const address = parseListenAddress(config.listen[name]);
    // Resolving a relative socket path can make it too long.
    if (typeof address === 'string') return [{ key, message: address }];
    const refusal = speaksTls(config, name)
      ? tlsRefusal(address)
      : plaintextRefusal(address, name, config.listen.allowPlaintext);
    if (refusal !== undefined) return [{ key, message: refusal }];
    if (address.kind === 'tcp' && address.port === 0) return [];
    const text = formatListenAddress(address);
    const other = taken.get(text);
    taken.set(text, name);
    return other === undefined ? [] : [{ key, message: `same address as listen.${other}` }];
  });
}

function tlsRefusal({ kind }: ListenAddress): string | undefined {
  if (kind === 'tcp') return undefined;
  return 'a Unix socket does not speak TLS, only this machine reaches it; leave it out of listen.tls.listeners';
}

const LISTENERS: readonly ListenerName[] = ['data', 'control', 'ops'];

function subjectHeaders(config: Config): Impossible[] {
  return config.trustedHeaders
    .filter((name) => config.credentials.headers.includes(name))
    .map((name) => ({ key: 'trustedHeaders', message: `${name} carries a credential; it cannot name the subject` }));
}
