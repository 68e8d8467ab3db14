/**
 * What a peer may still send, of one stream or of the connection (RFC 9113 section 6.9). What has come counts as read at once: how much of
 * it is kept is bounded above HTTP/2, over all connections. So a peer that sends more than it may cannot be told from one that was just
 * given more.
 */
export class ReceiveWindow {
  readonly #bytes: number;
  #used = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** So much has come. How much to give back to the peer now; 0 until half of it is used, so that not every frame is answered by one. */
  receive(bytes: number): number {
    this.#used += bytes;
    if (2 * this.#used < this.#bytes) return 0;
    const refill = this.#used;
    this.#used = 0;
    return refill;
  }
}
