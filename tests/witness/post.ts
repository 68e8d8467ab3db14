/** What a witness said, with the parts that the specification speaks of. */
export interface Said {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
}

/** Posts to `add-checkpoint` of a witness. */
export async function post(url: string, body: Uint8Array | string): Promise<Said> {
  const response = await fetch(`${url}/add-checkpoint`, { method: 'POST', body: Buffer.from(body) });
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
}
