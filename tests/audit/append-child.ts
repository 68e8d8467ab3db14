// Appends until it is killed, and says on standard output what was acknowledged, one line at a time:
// node build/tests/audit/append-child.js DATA_DIR RUN
import { writeSync } from 'node:fs';
import { decision, levelLogOptions, openAuditLog } from './records.js';

const [dataDir = '', run = ''] = process.argv.slice(2);
const log = await openAuditLog(levelLogOptions(dataDir));
for (let caller = 0; caller < 16; caller += 1) void appendForEver(caller);

async function appendForEver(caller: number): Promise<never> {
  for (let index = 0; ; index += 1) {
    const route = `${run}-${caller}-${index}`;
    const { seq } = await log.append({ leafFields: decision(route) });
    writeSync(1, `${seq} ${route}\n`);
  }
}
