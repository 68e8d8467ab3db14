// The program. `sidecar/launcher.mjs` starts it.
import { packageVersion } from '../config/package-root.js';
import { processIo } from './cli-io.js';
import { logCommand } from './log.js';
import { runProgram } from './program.js';
import { serveCommand } from './serve.js';

const io = processIo();
process.exitCode = await runProgram(process.argv.slice(2), io, [serveCommand(packageVersion(), io), logCommand(io)]);
