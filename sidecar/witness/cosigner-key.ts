import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JiminiError } from '../kernel/errors.js';
import { createKeyFile, readKeyFile } from '../storage/key-file.js';
import { replaceFile } from '../storage/replace-file.js';
import { type Cosigner, createCosigner } from './cosigner.js';

/**
 * The cosigner of a directory. At the first start its key is made (`key.pem`, 0600), and its verifier key written down
 * (`key.pub`). Later the name stays what it was: the message that is signed does not name the witness, so that one key must
 * not stand for two (C2SP tlog-cosignature). Rejects with `JIMINI_USAGE` or `JIMINI_CONFIG_INVALID`.
 */
export async function openCosigner(directory: string, givenName: string | undefined): Promise<Cosigner> {
  const [keyFile, publicFile] = [join(directory, 'key.pem'), join(directory, 'key.pub')];
  const kept = await readFile(publicFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const found = await readKeyFile(keyFile);
  if (!found && kept !== undefined) {
    throw usage(`${keyFile} is missing, and ${publicFile} is not: put it back, or begin with a new directory`);
  }
  const cosigner = createCosigner(found ?? (await createKeyFile(keyFile)), givenName ?? kept?.split('+')[0]);
  const line = `${cosigner.verifierKey}\n`;
  if (kept === undefined) await replaceFile(publicFile, line);
  else if (kept !== line) {
    throw usage(`${publicFile} is of another name or key: give the name in it, or begin with a new directory`);
  }
  return cosigner;
}

function usage(message: string): JiminiError {
  return new JiminiError('JIMINI_USAGE', message);
}
