// A witness that is killed (SIGKILL) when its state is on disk and its answer has not left, for the first checkpoint of the
// size that is named: node build/tests/witness/killed-child.js STATE LOG_KEY_FILE SIZE
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { readNoteKey } from '../../sidecar/audit/verify/signed-note.js';
import { systemClock } from '../../sidecar/kernel/clock.js';
import { openCosigner } from '../../sidecar/witness/cosigner-key.js';
import { createWitnessServer } from '../../sidecar/witness/http.js';
import { openWitness } from '../../sidecar/witness/witness.js';

const [directory = '', keyFile = '', fatalSize = ''] = process.argv.slice(2);
const key = readNoteKey(readFileSync(keyFile, 'utf8').trim());
if ('why' in key) throw new Error(key.why);
const cosigner = await openCosigner(directory, undefined);
const witness = await openWitness({
  logKeys: [key],
  cosigner: {
    ...cosigner,
    cosign(text, timestampS) {
      if (Buffer.from(text).toString().split('\n')[1] === fatalSize) process.kill(process.pid, 'SIGKILL');
      return cosigner.cosign(text, timestampS);
    },
  },
  directory,
  clock: systemClock,
  onEvidence: () => {},
  onError: (error) => console.error(error),
});
const server = createWitnessServer(witness);
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
