// Fills the file system below a directory while a log runs, with or without a ballast, and prints what became of the log:
// node build/tests/wiring/ballast-child.js DIRECTORY with|without
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS } from '../../sidecar/kernel/limits.js';
import { openBallast } from '../../sidecar/storage/ballast.js';
import { prepareDataDirectory } from '../../sidecar/storage/data-directory.js';
import { createLogger } from '../../sidecar/telemetry/logger.js';
import { ballastToStartWith, createDiskGauge } from '../../sidecar/wiring/disk-gauge.js';
import { attempt, healed } from '../audit/double-log.js';
import { levelLogOptions, openAuditLog } from '../audit/records.js';

const [directory = '', which = ''] = process.argv.slice(2);
const filler = join(directory, 'filler');
const dataDir = await prepareDataDirectory(join(directory, 'data'));
const logger = createLogger('silent');
const minFreeBytes = which === 'with' ? 2 * LIMITS.ballastBytes : 0;
const ballast = await openBallast(dataDir, LIMITS.ballastBytes);
const gaugeOf = () => createDiskGauge(dataDir, { minFreeBytes, leaves: () => 0, ballast, logger, ballastAfterMs: 0 });

const gauge = await gaugeOf();
while (which === 'with' && gauge.ballastBytes() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
const log = await openAuditLog(
  levelLogOptions(dataDir, { onHealth: ({ state }) => state === 'healing' && void gauge.look() }),
);
await appendUntil(({ seq }) => seq === 200);
fillDisk();
await appendUntil(({ code }) => code !== undefined);
if (which === 'with') await healed(log);
const state = log.state;
const shortage = gauge.shortage();
const closed = await log.close('shutdown').then(() => 'ok', codeOf);
gauge.close();

// What the ballast has given back is taken by somebody else, but for what is made again once there is room.
rmSync(filler);
await ballast.make();
fillDisk();
const before = ballast.bytes;
const own = which === 'with' ? await ballastToStartWith(dataDir, logger) : ballast;
const started = await openAuditLog(levelLogOptions(dataDir)).then(
  (next) => next.close('shutdown').then(() => 'ok', codeOf),
  codeOf,
);
console.log(JSON.stringify({ state, shortage, closed, before, after: own.bytes, started }));

async function appendUntil(isOver: (outcome: { seq?: number; code?: string }) => boolean): Promise<void> {
  for (let at = 0; ; at += 1) if (isOver(await attempt(log, `r${at}`))) return;
}

function codeOf(error: unknown): string {
  return (error as { code: string }).code;
}

function fillDisk(): void {
  const file = openSync(filler, 'w');
  for (const size of [1024 * 1024, 4_096]) {
    try {
      for (;;) writeSync(file, Buffer.alloc(size, 1));
    } catch {
      // It is full.
    }
  }
  closeSync(file);
}
