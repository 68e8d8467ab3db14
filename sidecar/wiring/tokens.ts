import { createHash } from 'node:crypto';
import type { AuditLog } from '../audit/audit-log.js';
import { readPrivateFile } from '../config/read-file.js';
import type { TokenChangeFields } from '../kernel/leaf.js';
import { LIMITS } from '../kernel/limits.js';
import { printable } from '../kernel/printable.js';
import { parseTokenFile, type StoredToken } from '../server/access/token.js';
import { readTokenNotes, saveTokenNotes } from '../storage/token-notes.js';
import type { Logger } from '../telemetry/logger.js';

/** The tokens of the control port, as long as their file is watched. */
export interface Tokens {
  /** Those that are accepted now, expired ones too. */
  accepted(): readonly StoredToken[];
  /** Why no token is accepted; undefined = the file can be used. */
  problem(): string | undefined;
  /** Records what has changed since the run before, and watches the file from now on. To be called once the log takes records. */
  begin(): Promise<void>;
  /** Ends it, after what is under way. */
  close(): Promise<void>;
}

/** What is watched, and where changes are recorded. */
export interface TokensOptions {
  readonly file: string;
  readonly dataDir: string;
  readonly auditLog: Pick<AuditLog, 'append' | 'state'>;
  readonly logger: Logger;
}

interface Change {
  readonly id: string;
  /** Absent = it is not there any more. */
  readonly digest?: string;
  readonly fields: TokenChangeFields;
}

/**
 * Reads the file of tokens, again and again: a change of its mode or of a link further up is none that the system tells. A
 * token that is gone or changed stops at once; a new one is accepted once a leaf says so. What the log tells of is noted beside it,
 * so that what changes while the program does not run is recorded, too.
 */
export async function openTokens({ file, dataDir, auditLog, logger }: TokensOptions): Promise<Tokens> {
  const recorded = new Map(await readTokenNotes(dataDir));
  let isNoted = true;
  let tokens: readonly StoredToken[] = [];
  let accepted: readonly StoredToken[] = [];
  let problem: string | undefined;
  let busy = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const accept = () => {
    accepted = tokens.filter((token) => recorded.get(token.id) === digestOf(token));
  };
  const read = async (): Promise<void> => {
    const now = await readTokens(file);
    tokens = now.tokens;
    accept();
    if (now.problem === problem) return;
    problem = now.problem;
    if (problem === undefined) logger.info('the file of tokens can be used');
    // Where there never was a token, nobody is shut out.
    else logger[now.isAbsent && recorded.size === 0 ? 'warn' : 'error']({ problem }, NOBODY);
  };
  const record = async (): Promise<void> => {
    // A file that cannot be used says nothing of what became of its tokens.
    if (problem !== undefined || auditLog.state !== 'open') return;
    const changes = changesOf(recorded, tokens);
    await Promise.all(
      changes.map(async ({ id, digest, fields }) => {
        await auditLog.append({ leafFields: fields });
        if (digest === undefined) recorded.delete(id);
        else recorded.set(id, digest);
        isNoted = false;
        logger.info({ token: id, event: fields.event }, 'tokens of the control port changed');
      }),
    ).finally(accept);
    if (isNoted) return;
    await saveTokenNotes(dataDir, recorded);
    isNoted = true;
  };
  const look = async (): Promise<void> => {
    await read();
    await record().catch(({ code }) => logger.error({ code }, 'a change of tokens is not recorded yet'));
  };
  await read();
  return {
    accepted: () => accepted,
    problem: () => problem,
    async begin() {
      await look();
      let isLooking = false;
      timer = setInterval(() => {
        if (isLooking) return;
        isLooking = true;
        busy = look().finally(() => {
          isLooking = false;
        });
      }, LIMITS.tokenPollMs);
      timer.unref();
    },
    async close() {
      clearInterval(timer);
      await busy;
    },
  };
}

const NOBODY = 'no token is accepted on the control port';

interface TokensRead {
  readonly tokens: readonly StoredToken[];
  readonly problem?: string;
  readonly isAbsent?: true;
}

async function readTokens(file: string): Promise<TokensRead> {
  const text = await readPrivateFile(file);
  const said = (reason: string) => ({ tokens: [], problem: `${printable(file)}: ${reason}` });
  if (typeof text === 'string') {
    const read = parseTokenFile(text);
    return 'fault' in read ? said(read.fault) : { tokens: read.tokens };
  }
  if (text.reason !== 'no such file') return said(text.reason);
  return { ...said('no such file; run `jimini token issue`'), isAbsent: true };
}

function changesOf(recorded: ReadonlyMap<string, string>, tokens: readonly StoredToken[]): readonly Change[] {
  const there = new Set(tokens.map(({ id }) => id));
  const gone = [...recorded.keys()].filter((id) => !there.has(id));
  return [
    ...gone.map((id) => ({ id, fields: { ...CHANGE, event: 'remove', token_id: id } as const })),
    ...tokens.flatMap((token) => {
      const { id, name: principal, roles, expiresMs: expires_ms } = token;
      const digest = digestOf(token);
      if (recorded.get(id) === digest) return [];
      const event = recorded.has(id) ? 'change' : 'add';
      return [{ id, digest, fields: { ...CHANGE, event, token_id: id, principal, roles, expires_ms } as const }];
    }),
  ];
}

const CHANGE = { kind: 'config', what: 'tokens' } as const;

function digestOf({ id, name, roles, sha256, expiresMs }: StoredToken): string {
  return createHash('sha256')
    .update(JSON.stringify([id, name, roles, sha256, expiresMs]))
    .digest('hex');
}
