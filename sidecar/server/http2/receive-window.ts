/** What a peer may still send, of one stream or of the connection (RFC 9113 section 6.9). What has come counts as read at once: how much of it is kept is bounded above HTTP/2, over all connections. */
export class ReceiveWindow {
  readonly #bytes: number;
  #left: number;

  constructor(bytes: number) {
    this.#bytes = bytes;
    this.#left = bytes;
  }

  /** False: the peer has sent more than it may. */
  receive(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** How much to give back to the peer now; 0 until half of it is used, so that not every frame is answered by one. */
  refill(): number {
    const used = this.#bytes - this.#left;
    if (2 * used < this.#bytes) return 0;
    this.#left = this.#bytes;
    return used;
  }
}
