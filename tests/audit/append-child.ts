// Appends until it is killed, and says on standard output what was acknowledged, one line at a time, ended by `early` where it may
// have been answered before the sync: node build/tests/audit/append-child.js DATA_DIR RUN [strict|relaxed]
import { writeSync } from 'node:fs';
import { decision, levelLogOptions, openAuditLog } from './records.js';

const [dataDir = '', run = '', durability = 'strict'] = process.argv.slice(2);
const log = await openAuditLog(
  levelLogOptions(dataDir, { durability: durability === 'relaxed' ? durability : 'strict' }),
);
for (let caller = 0; caller < 16; caller += 1) void appendForEver(caller);

async function appendForEver(caller: number): Promise<never> {
  const mayPrecedeSync = durability === 'relaxed' && caller % 2 === 0;
  for (let index = 0; ; index += 1) {
    const route = `${run}-${caller}-${index}`;
    const { seq } = await log.append({ leafFields: decision(route), mayPrecedeSync });
    writeSync(1, `${seq} ${route}${mayPrecedeSync ? ' early' : ''}\n`);
  }
}
