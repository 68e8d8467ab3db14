import type { Socket } from 'node:net';
import { LIMITS } from '../kernel/limits.js';
import { type Connection, type ConnectionOptions, createConnection } from './http2/connection.js';

/** What a server's connections are made with. */
export interface ConnectionsOptions extends ConnectionOptions {
  readonly connectionsMax: number;
}

/**
 * The HTTP/2 connections of one listener. Over the bound one gives way to the newcomer: the oldest whose peer has asked for nothing
 * yet, where these have more than their share; else the one that waits for its peer the longest. So neither those who only connect,
 * nor those who ask once and stay, keep others out. Where work is done for all, the newcomer is closed at once.
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
    if (this.#open.size >= connectionsMax) this.#makeRoom();
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

  #makeRoom(): void {
    let silent = 0;
    let oldestSilent: Connection | undefined;
    let longestIdle: Connection | undefined;
    for (const connection of this.#open) {
      if (!connection.begun) {
        silent += 1;
        oldestSilent ??= connection;
      } else if (connection.idleSinceMs < (longestIdle?.idleSinceMs ?? Number.POSITIVE_INFINITY))
        longestIdle = connection;
    }
    const areSilentMany = silent >= this.#options.connectionsMax * LIMITS.silentConnectionsShareMax;
    const [first, second] = areSilentMany ? [oldestSilent, longestIdle] : [longestIdle, oldestSilent];
    const leaving = first ?? second;
    if (!leaving) return;
    leaving.giveWay();
    this.#gone(leaving);
  }

  #gone(connection: Connection): void {
    this.#open.delete(connection);
    if (this.#open.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
