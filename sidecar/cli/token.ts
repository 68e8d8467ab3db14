import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { findDataDirectory } from '../config/data-dir.js';
import { loadConfig, usable } from '../config/load.js';
import { readPrivateFile } from '../config/read-file.js';
import { JiminiError } from '../kernel/errors.js';
import { nearest } from '../kernel/nearest.js';
import { ROLES, type Role } from '../kernel/role.js';
import {
  mintToken,
  parseTokenFile,
  type StoredToken,
  TOKEN_NAME,
  TOKENS_MAX,
  type TokenFile,
} from '../server/access/token.js';
import { changeTokenFile, defaultTokenFile } from '../storage/token-file.js';
import { type CliContext, columns, printLines } from './cli-io.js';
import { addPlaceOptions, type Format, formatOption, type LogPlace, withUsageExit } from './log-options.js';

const USAGE_EXIT = 2;
const DAY_MS = 24 * 60 * 60 * 1000;
const DAYS_BY_DEFAULT = 90;
const DAYS_MAX = 366;

interface IssueOptions extends LogPlace {
  readonly name: string;
  readonly role: readonly Role[];
  readonly days: number;
  readonly format: Format;
}

/** `jimini token issue|revoke|list`: who may use the control port. */
export function tokenCommand(context: CliContext): Command {
  return new Command('token')
    .description('Issue, revoke and list bearer tokens for the control port.')
    .addCommand(issueCommand(context))
    .addCommand(revokeCommand(context))
    .addCommand(listCommand(context));
}

function issueCommand({ io }: CliContext): Command {
  const command = new Command('issue')
    .description('Make a token and print it. It is shown this once; only its hash is kept.')
    .requiredOption('--name <name>', 'whom it is for; tokens of one name are one principal', readName)
    .requiredOption('--role <roles>', `what it may do, between commas: ${ROLES.join(', ')}`, readRoles)
    .option('--days <n>', `how long it is good for, at most ${DAYS_MAX} days`, readDays, DAYS_BY_DEFAULT)
    .addOption(formatOption())
    .addHelpText('after', '\nExample:\n  jimini token issue --name ana --role auditor > ana.token')
    .action(async (options: IssueOptions) => {
      const path = await tokenFileOf(options, io);
      const request = { name: options.name, roles: options.role, nowMs: Date.now(), lifeMs: options.days * DAY_MS };
      const { token, stored } = mintToken((count) => randomBytes(count), request);
      await changeTokens(path, (tokens) => {
        const valid = tokens.filter(({ expiresMs }) => expiresMs > request.nowMs);
        if (valid.length < TOKENS_MAX) return [...valid, stored];
        throw new JiminiError('JIMINI_USAGE', `there are ${TOKENS_MAX} tokens already: revoke those that nobody needs`);
      });
      if (options.format === 'json') printLines(io, [JSON.stringify({ token, ...shown(stored) })]);
      else printLines(io, [token]);
      io.stderr.write(`jimini: token ${stored.id} of ${stored.name}, until ${dateOf(stored.expiresMs)}\n`);
    });
  return withUsageExit(addPlaceOptions(command), USAGE_EXIT);
}

function revokeCommand({ io }: CliContext): Command {
  const command = new Command('revoke')
    .description('Make tokens useless at once. A running sidecar knows within 5 seconds.')
    .argument('<id...>', 'ids of tokens, as `token list` prints them, or whole tokens')
    .action(async (ids: readonly string[], options: LogPlace) => {
      const wanted = new Set(ids.map((id) => /^jmn_([^_]+)_/.exec(id)?.[1] ?? id));
      await changeTokens(await tokenFileOf(options, io), (tokens) => {
        const missing = [...wanted].filter((id) => !tokens.some((token) => token.id === id));
        // Shown only when it cannot be a secret that was pasted in the wrong place.
        const named = missing.map((id) => (/^[a-z2-7]{1,16}$/.test(id) ? id : 'one of the ids given'));
        if (missing.length > 0) throw new JiminiError('JIMINI_USAGE', `there is no token ${named.join(', ')}`);
        return tokens.filter(({ id }) => !wanted.has(id));
      });
      io.stderr.write(`jimini: revoked ${[...wanted].join(', ')}\n`);
    });
  return withUsageExit(addPlaceOptions(command), USAGE_EXIT);
}

function listCommand({ io }: CliContext): Command {
  const command = new Command('list')
    .description('Print the tokens: id, name, roles, when they expire. Never a token.')
    .addOption(formatOption())
    .action(async (options: LogPlace & { format: Format }) => {
      const { tokens } = await readTokens(await tokenFileOf(options, io));
      if (options.format === 'json') printLines(io, [JSON.stringify(tokens.map(shown))]);
      else printLines(io, columns([['ID', 'NAME', 'ROLES', 'EXPIRES'], ...tokens.map(rowOf)]));
    });
  return withUsageExit(addPlaceOptions(command), USAGE_EXIT);
}

function rowOf({ id, name, roles, expiresMs }: StoredToken): string[] {
  return [id, name, roles.join(','), `${dateOf(expiresMs)}${expiresMs <= Date.now() ? ' (expired)' : ''}`];
}

function shown({ sha256: _, ...token }: StoredToken) {
  return token;
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

async function tokenFileOf(place: LogPlace, io: CliContext['io']): Promise<string> {
  const named = io.env['JIMINI_CONTROL_TOKENS_FILE'];
  if (named) return resolve(io.directory, named);
  const sources = { env: io.env, directory: io.directory, ...(place.config !== undefined && { file: place.config }) };
  // A broken configuration matters only where it could name the file.
  const hasFile = place.config !== undefined || io.env['JIMINI_CONFIG'] !== undefined;
  const inConfig = hasFile ? usable(await loadConfig(sources)).config.control.tokensFile : '';
  return inConfig || defaultTokenFile(await findDataDirectory(sources, place.dataDir));
}

async function readTokens(path: string): Promise<TokenFile> {
  return tokensIn(await textOf(path), path);
}

async function changeTokens(
  path: string,
  change: (tokens: readonly StoredToken[]) => readonly StoredToken[],
): Promise<void> {
  await changeTokenFile(
    path,
    textOf,
    (text) => `${JSON.stringify({ version: 1, tokens: change(tokensIn(text, path).tokens) }, null, 2)}\n`,
  );
}

async function textOf(path: string): Promise<string | undefined> {
  const read = await readPrivateFile(path);
  if (typeof read === 'string') return read;
  if (read.reason === 'no such file') return undefined;
  throw new JiminiError('JIMINI_USAGE', `${path}: ${read.reason}`);
}

function tokensIn(text: string | undefined, path: string): TokenFile {
  if (text === undefined) return { version: 1, tokens: [] };
  const read = parseTokenFile(text);
  if ('fault' in read) throw new JiminiError('JIMINI_USAGE', `${path}: ${read.fault}: restore it, or remove it`);
  return read;
}

function readName(text: string): string {
  if (TOKEN_NAME.test(text)) return text;
  throw new InvalidArgumentError('Expected 1 to 63 letters, digits, dots, dashes, underscores or @.');
}

function readRoles(text: string): readonly Role[] {
  const roles = [...new Set(text.split(',').map((role) => role.trim()))];
  for (const role of roles) {
    if ((ROLES as readonly string[]).includes(role)) continue;
    const near = nearest(role, ROLES);
    throw new InvalidArgumentError(`Expected ${ROLES.join(', ')}${near ? `; did you mean ${near}?` : '.'}`);
  }
  return roles as Role[];
}

function readDays(text: string): number {
  const days = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (days >= 1 && days <= DAYS_MAX) return days;
  throw new InvalidArgumentError(`Expected a number from 1 to ${DAYS_MAX}.`);
}
