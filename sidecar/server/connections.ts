import type { Socket } from 'node:net';
import { type Connection, type ConnectionOptions, createConnection } from './http2/connection.js';

/** What a server's connections are made with. */
export interface ConnectionsOptions extends ConnectionOptions {
  readonly connectionsMax: number;
}

/**
 * The HTTP/2 connections of one listener. Over the bound the oldest of those gives way whose peer has said nothing yet: so whoever
 * only connects cannot keep others out. Where all have begun, the newcomer is closed at once.
 */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #open = new Set<Connection>(); // a Set remembers order
  readonly #waiting: (() => void)[] = [];
  #isDraining = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  accept(socket: Socket): void {
    const { connectionsMax } = this.#options;
    if (this.#open.size >= connectionsMax) this.#cutOldestSilent();
    if (this.#isDraining || this.#open.size >= connectionsMax) {
      socket.destroy();
      return;
    }
    const connection = createConnection(socket, this.#options);
    this.#open.add(connection);
    socket.on('close', () => this.#gone(connection));
  }

  /** See `Connection.review`. */
  review(nowMs: number): void {
    for (const connection of this.#open) connection.review(nowMs);
  }

  /** Lets calls under way end, takes no new ones, and resolves when all connections are closed. */
  drain(): Promise<void> {
    this.#isDraining = true;
    for (const connection of this.#open) connection.drain();
    return new Promise((resolve) => (this.#open.size === 0 ? resolve() : this.#waiting.push(resolve)));
  }

  destroy(): void {
    this.#isDraining = true;
    for (const connection of this.#open) connection.destroy();
  }

  #cutOldestSilent(): void {
    for (const connection of this.#open) {
      if (connection.begun) continue;
      connection.destroy();
      this.#gone(connection);
      return;
    }
  }

  #gone(connection: Connection): void {
    this.#open.delete(connection);
    if (this.#open.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
