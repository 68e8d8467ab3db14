import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { packageRoot } from '../config/package-root.js';
import { logCommand } from './log.js';
import { serveCommand } from './serve.js';

const version = (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version;
await new Command('jimini').version(version).addCommand(serveCommand(version)).addCommand(logCommand()).parseAsync();
