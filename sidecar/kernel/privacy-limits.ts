/** Bounds of what records keep and of the keys that seal it, part of `LIMITS`. */
export const PRIVACY_LIMITS = {
  /** Longest name of a subject. E-mail addresses have at most 254 characters, SPIFFE ids 2,048 bytes. */
  subjectCharsMax: 2048,
  /** Keys of subjects in one keyring: some 15 MB of its file and twice that in memory. Records of further subjects have the key of the day. */
  subjectKeysMax: 100_000,
  /** New subjects a minute: each adds a line to the keyring and waits for a sync, and a caller may make names up. */
  newSubjectsPerMinuteMax: 1_000,
  /** How often a keyring that failed is opened again. */
  keyringReopenMs: 1_000,
  /** Findings that a record keeps: pointers of 1 KiB each, 256 times, would make more of a body than it has. `rule_ids` of the leaf names the rules all the same. */
  capturedFindingsMax: 64,
  /** Text that is kept of one record; what has no room is committed to by its hash alone. Prompts have a few KiB, sources of an agent some hundred. */
  capturedBytesMax: 1024 * 1024,
} as const;
