/** The members of a leaf as it is stored; none where it is no JSON object, since a forged leaf with the right hash can hold anything. */
export function membersOf(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(Buffer.from(bytes).toString('utf8')) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}
