import { spawnSync } from 'node:child_process';

/** Something outside the repository that a test cannot do without. */
export interface Requirement {
  /** What it is, for people. */
  readonly name: string;
  /** Why it is not there, or undefined when it is. */
  missing(): string | undefined;
}

/** Arguments that make `unshare` run a command where it may mount, without touching the rest of the machine. */
export const UNSHARE = process.getuid?.() === 0 ? ['-m'] : ['-Urm'];

/** A file system of a chosen size: a mount namespace of our own and a tmpfs in it. */
export const ownTmpfs: Requirement = {
  name: 'a tmpfs of its own',
  missing() {
    const tried = spawnSync('unshare', [...UNSHARE, 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', '/mnt']);
    return tried.status === 0 ? undefined : `unshare ${UNSHARE.join(' ')} with mount does not work here`;
  },
};

/** strace, allowed to trace and to inject errors into system calls. */
export const strace: Requirement = {
  name: 'strace',
  missing() {
    const tried = spawnSync('strace', ['-qq', '-e', 'inject=fdatasync:error=EIO:when=9', '-o', '/dev/null', 'true']);
    return tried.status === 0 ? undefined : 'it is not installed, or may not trace here';
  },
};
