import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import test from 'ava';
import { loadConfig, usable } from '../../sidecar/config/load.js';
import { systemClock } from '../../sidecar/kernel/clock.js';
import { createLogger } from '../../sidecar/telemetry/logger.js';
import { createPayloadParts } from '../../sidecar/wiring/payloads.js';
import { tempDirectory } from '../config/temp-directory.js';

const LOST = /"level":"error".*the log has records, and its keyring is empty/;

test('a keyring that is gone while the log has records is an error of the output, and the start goes on', async (t) => {
  const dataDir = join(tempDirectory(t), 'data');
  mkdirSync(dataDir, { mode: 0o700 });
  const { config } = usable(await loadConfig({ env: {}, directory: dataDir }));
  const begun = async (isBegun: boolean, logId: string) => {
    const output = new PassThrough();
    const parts = createPayloadParts({
      config,
      dataDir,
      logId,
      isBegun,
      clock: systemClock,
      logger: createLogger('info', output),
      onOverCap: () => {},
      onLeftOut: () => {},
    });
    await parts.begin();
    await parts.close();
    return String(output.read());
  };
  t.notRegex(await begun(false, 'a'), LOST, 'a new log');
  t.notRegex(await begun(true, 'a'), LOST, 'its keyring is there');
  t.regex(await begun(true, 'b'), LOST);
});
