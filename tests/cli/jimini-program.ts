import { processIo } from '../../sidecar/cli/cli-io.js';
import { runProgram } from '../../sidecar/cli/program.js';

// The command line without `serve` and `log`, as a program to be spawned.
process.exitCode = await runProgram(process.argv.slice(2), processIo());
