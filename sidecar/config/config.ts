import { dirname, resolve } from 'node:path';
import { CONFIG_KEYS } from './keys.js';
import { type ListenerName, parseListenAddress } from './listen-address.js';
import { expandAll, isPackPath } from './pack-names.js';
import type { Origin } from './problem.js';
import type { ConfigInput } from './schema.js';

/**
 * The configuration as the program uses it. Paths are absolute, `packs` has no `all` in it, names of headers and
 * query parameters are in lower case, the socket mode is a number.
 */
export type Config = Omit<ConfigInput, 'listen'> & {
  readonly listen: Omit<ConfigInput['listen'], 'socketMode'> & { readonly socketMode: number };
};

/** Where each setting was said, by key path; `packs[0]` = where a file says that item of a list. */
export type Origins = ReadonlyMap<string, Origin>;

/**
 * Resolves what the schema left as text. A relative path that the file says is relative to the file's directory;
 * any other to `directory`, the working directory.
 */
export function finishConfig(input: ConfigInput, origins: Origins, directory: string): Config {
  const absolute = (key: string, path: string) => resolve(baseOf(origins.get(key), directory), path);
  const address = (name: ListenerName) => {
    const parsed = parseListenAddress(input.listen[name]);
    return typeof parsed === 'object' && parsed.kind === 'unix'
      ? `unix:${absolute(`listen.${name}`, parsed.path)}`
      : input.listen[name];
  };
  const tlsFile = (name: 'certFile' | 'keyFile' | 'clientCaFile') => {
    const path = input.listen.tls[name];
    return path === '' ? '' : absolute(`listen.tls.${name}`, path);
  };
  return {
    ...input,
    dataDir: absolute('dataDir', input.dataDir),
    keyringDir: input.keyringDir && absolute('keyringDir', input.keyringDir),
    packs: expandAll(input.packs).map((entry) => (isPackPath(entry) ? absolute('packs', entry) : entry)),
    moderators: Object.fromEntries(
      Object.entries(input.moderators).map(([name, { keyFile, ...rest }]) => [
        name,
        { ...rest, ...(keyFile !== undefined && { keyFile: absolute('moderators', keyFile) }) },
      ]),
    ),
    credentials: { ...input.credentials, query: input.credentials.query.map((name) => name.toLowerCase()) },
    control: {
      ...input.control,
      tokensFile: input.control.tokensFile && absolute('control.tokensFile', input.control.tokensFile),
    },
    log: {
      ...input.log,
      segments: {
        ...input.log.segments,
        dir: input.log.segments.dir && absolute('log.segments.dir', input.log.segments.dir),
      },
      signingKeyFile: input.log.signingKeyFile && absolute('log.signingKeyFile', input.log.signingKeyFile),
      witnesses: input.log.witnesses.map((witness) => ({
        ...witness,
        keyFile: absolute('log.witnesses', witness.keyFile),
      })),
    },
    listen: {
      ...input.listen,
      data: address('data'),
      control: address('control'),
      ops: address('ops'),
      tls: {
        ...input.listen.tls,
        certFile: tlsFile('certFile'),
        keyFile: tlsFile('keyFile'),
        clientCaFile: tlsFile('clientCaFile'),
      },
      socketMode: Number.parseInt(input.listen.socketMode, 8),
    },
  };
}

function baseOf(origin: Origin | undefined, directory: string): string {
  return origin?.kind === 'file' ? dirname(resolve(directory, origin.file)) : directory;
}

/** One setting of a configuration by its key path. */
export function settingOf(config: Config, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], config);
}

/** Key paths whose values differ and take effect only at the next start. */
export function changedRestartKeys(before: Config, after: Config): readonly string[] {
  return CONFIG_KEYS.filter((key) => key.node['x-reload'] === 'restart')
    .map((key) => key.path)
    .filter((path) => JSON.stringify(settingOf(before, path)) !== JSON.stringify(settingOf(after, path)));
}
