import { createHash, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { randomText } from '../../kernel/random-text.js';
import { ROLES, type Role } from '../../kernel/role.js';

/** What is kept of a token. Never the token: who reads the file cannot use it. */
export interface StoredToken {
  /** 16 characters a-z2-7; the part of the token that may be shown. */
  readonly id: string;
  /** Whom it was issued to. Tokens of one name are one principal. */
  readonly name: string;
  readonly roles: readonly Role[];
  /** Hex SHA-256 of the whole token. The token has 260 random bits, so that a slow hash would add nothing. */
  readonly sha256: string;
  /** Wall clock, milliseconds since 1970. */
  readonly issuedMs: number;
  /** From then on it is not accepted any more. */
  readonly expiresMs: number;
}

/** The file of tokens. */
export interface TokenFile {
  readonly version: 1;
  readonly tokens: readonly StoredToken[];
}

/** A token of which so much is asked. */
export interface TokenRequest {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly nowMs: number;
  readonly lifeMs: number;
}

/** Of names, so that they can stand in records, logs and tables as they are. */
export const TOKEN_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/;
/** More than an installation has people, and few enough to look through for each call. */
export const TOKENS_MAX = 1_000;

const ID_CHARS = 16;
/** 260 random bits. */
const SECRET_CHARS = 52;
const TOKEN = /^jmn_([a-z2-7]{16})_[a-z2-7]{52}$/;

/** `jmn_<id>_<secret>`, to be shown once. */
export function mintToken(random: (count: number) => Uint8Array, request: TokenRequest) {
  const { name, roles, nowMs, lifeMs } = request;
  const id = randomText(random, ID_CHARS);
  const token = `jmn_${id}_${randomText(random, SECRET_CHARS)}`;
  const stored: StoredToken = { id, name, roles, sha256: digestOf(token), issuedMs: nowMs, expiresMs: nowMs + lifeMs };
  return { token, stored };
}

/**
 * The stored token that a presented text is, whether or not it has expired. Takes as long for a wrong secret as for the right
 * one; that an id is known is no secret.
 */
export function findToken(tokens: readonly StoredToken[], presented: string): StoredToken | undefined {
  const id = TOKEN.exec(presented)?.[1];
  const stored = tokens.find((token) => token.id === id);
  if (!stored) return undefined;
  const isSame = timingSafeEqual(Buffer.from(digestOf(presented), 'hex'), Buffer.from(stored.sha256, 'hex'));
  return isSame ? stored : undefined;
}

const timeMs = z.int().min(0);
const tokenFile = z.strictObject({
  version: z.literal(1),
  tokens: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[a-z2-7]{16}$/),
        name: z.string().regex(TOKEN_NAME),
        roles: z.array(z.enum(ROLES)).min(1).max(ROLES.length),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        issuedMs: timeMs,
        expiresMs: timeMs,
      }),
    )
    .max(TOKENS_MAX)
    .refine((tokens) => new Set(tokens.map(({ id }) => id)).size === tokens.length, 'an id stands twice'),
});

/** Reads the file of tokens. Gives what is wrong instead, without anything that stands in it. */
export function parseTokenFile(text: string): TokenFile | { readonly fault: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { fault: 'not JSON' };
  }
  const read = tokenFile.safeParse(json);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  return { fault: `${issue?.path.join('.') || 'the file'} is not as it was written` };
}

function digestOf(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}
