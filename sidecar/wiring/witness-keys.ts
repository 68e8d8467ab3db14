import { parseVerifierKey, SIGNATURE_TYPES, type VerifierKey } from '../audit/notes/verifier-key.js';
import type { Config } from '../config/config.js';
import type { ConfigProblem } from '../config/problem.js';
import { readProtectedFile } from '../config/read-file.js';

/** One witness with its key in place of the file's name. */
export interface ConfiguredWitness {
  readonly name: string;
  readonly url: string;
  readonly key: VerifierKey;
}

/** The witnesses of a configuration, and why keys of some cannot be used. */
export interface ConfiguredWitnesses {
  /** To be used only when there are no problems. */
  readonly witnesses: readonly ConfiguredWitness[];
  readonly problems: readonly ConfigProblem[];
}

/** Reads the keys of the witnesses that a configuration names. Never rejects. */
export async function readWitnessKeys({ log }: Pick<Config, 'log'>): Promise<ConfiguredWitnesses> {
  const witnesses: ConfiguredWitness[] = [];
  const problems: ConfigProblem[] = [];
  for (const [index, { name, url, keyFile }] of log.witnesses.entries()) {
    const key = await readKey(keyFile);
    const isSecond = typeof key === 'object' && witnesses.some((other) => other.key.publicKey.equals(key.publicKey));
    const message = isSecond ? 'holds the key of another witness: two that are one witness only once' : key;
    if (typeof message === 'string') {
      problems.push({ origin: { kind: 'file', file: keyFile }, key: `log.witnesses[${index}].keyFile`, message });
    } else witnesses.push({ name, url, key: message });
  }
  return { witnesses, problems };
}

/** The key, or why it cannot be used. */
async function readKey(file: string): Promise<VerifierKey | string> {
  const text = await readProtectedFile(file);
  if (typeof text !== 'string') return text.reason;
  try {
    const key = parseVerifierKey(text.replace(/\r?\n$/, ''));
    return key.type === SIGNATURE_TYPES.cosignature ? key : 'is the key of a log (type 1), not of a witness (type 4)';
  } catch (error) {
    return error instanceof Error ? error.message : 'holds no verifier key';
  }
}
