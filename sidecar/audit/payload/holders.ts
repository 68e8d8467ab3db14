import type { Clock } from '../../kernel/clock.js';
import type { Subject } from '../../kernel/evaluation.js';
import { type HmacKey, hmac, hmacKey } from '../../kernel/hmac.js';
import { LIMITS } from '../../kernel/limits.js';
import { DAY_CHARS, dayHolder, type Holder, subjectHolder } from './holder.js';

/** Where keys lie, outside the log's database. */
export interface Keyring {
  /** Ids of all keys that are durable. */
  ids(): Iterable<string>;
  /** The key, if it is there and durable. */
  get(id: string): Uint8Array | undefined;
  /** The key, made when it is not there; resolves after it is durable. Rejects with `JIMINI_KEYRING_UNAVAILABLE`. */
  obtain(id: string): Promise<Uint8Array>;
}

/** Finds the holder of each record's payload. */
export interface Holders {
  /**
   * The holder of a record that is about this person, or about nobody known: at once when its keys are there, else after they
   * are durable. Rejects with `JIMINI_KEYRING_UNAVAILABLE`: no record may be acknowledged then, since nobody could open or erase it.
   */
  of(subject: Subject | undefined): Holder | Promise<Holder>;
}

export interface HoldersOptions {
  readonly keyring: Keyring;
  readonly clock: Clock;
  /** There were too many new subjects: a record about one of them has the key of the day alone. */
  readonly onOverCap: () => void;
  /** Keys of subjects that there may be; tests narrow it. */
  readonly subjectKeysMax?: number;
}

/** See `Holders`. */
export function createHolders(options: HoldersOptions): Holders {
  return new DailyHolders(options);
}

const DAY_MS = 24 * 60 * 60 * 1000;
const MINUTE_MS = 60_000;

/** What serves one UTC day. */
interface Today {
  readonly index: number;
  readonly day: string;
  /** Month of the tag key, `YYYYMM`: one person has another pseudonym, and another key, in each. */
  readonly epoch: string;
  readonly key: Uint8Array;
  readonly tagKey: HmacKey;
  readonly anonymous: Holder;
  /** Those that had a record today, by pseudonym. */
  readonly subjects: Map<string, Holder | Promise<Holder>>;
}

class DailyHolders implements Holders {
  readonly #options: HoldersOptions;
  #today: Today | undefined;
  /** Keys of subjects in the keyring and on their way to it. */
  #subjectKeys = 0;
  #minute = 0;
  #newInMinute = 0;

  constructor(options: HoldersOptions) {
    this.#options = options;
  }

  of(subject: Subject | undefined): Holder | Promise<Holder> {
    const nowMs = this.#options.clock.nowMs();
    const today = this.#today;
    if (today?.index === Math.floor(nowMs / DAY_MS)) return this.#on(today, subject, nowMs);
    return this.#begin(nowMs).then((begun) => this.#on(begun, subject, nowMs));
  }

  async #begin(nowMs: number): Promise<Today> {
    const { keyring } = this.#options;
    const day = new Date(nowMs).toISOString().slice(0, DAY_CHARS);
    const epoch = day.slice(0, 7).replace('-', '');
    const [key, tagKey] = await Promise.all([keyring.obtain(`day/${day}`), keyring.obtain(`tag/${epoch}`)]);
    const index = Math.floor(nowMs / DAY_MS);
    if (this.#today?.index === index) return this.#today;
    this.#subjectKeys = 0;
    for (const id of keyring.ids()) if (id.startsWith('subject/')) this.#subjectKeys += 1;
    const anonymous = dayHolder(day, key);
    this.#today = { index, day, epoch, key, tagKey: hmacKey(tagKey), anonymous, subjects: new Map() };
    return this.#today;
  }

  #on(today: Today, subject: Subject | undefined, nowMs: number): Holder | Promise<Holder> {
    if (!subject) return today.anonymous;
    const pseudonym = pseudonymOf(subject, today.tagKey);
    return today.subjects.get(pseudonym) ?? this.#find(today, pseudonym, nowMs);
  }

  #find(today: Today, pseudonym: string, nowMs: number): Holder | Promise<Holder> {
    const { day, epoch, key: dayKey, subjects, anonymous } = today;
    const { keyring, onOverCap } = this.#options;
    const id = `subject/${epoch}.${pseudonym}`;
    const remember = (key: Uint8Array) => {
      const holder = subjectHolder(day, dayKey, key);
      subjects.set(pseudonym, holder);
      return holder;
    };
    const known = keyring.get(id);
    if (known) return remember(known);
    if (!this.#mayAdd(nowMs)) {
      onOverCap();
      return anonymous;
    }
    const made = keyring.obtain(id).then(remember, (error) => {
      subjects.delete(pseudonym);
      this.#subjectKeys -= 1;
      throw error;
    });
    subjects.set(pseudonym, made);
    return made;
  }

  #mayAdd(nowMs: number): boolean {
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#newInMinute = 0;
    }
    const { subjectKeysMax = LIMITS.subjectKeysMax } = this.#options;
    if (this.#subjectKeys >= subjectKeysMax || this.#newInMinute >= LIMITS.newSubjectsPerMinuteMax) return false;
    this.#subjectKeys += 1;
    this.#newInMinute += 1;
    return true;
  }
}

/** HMAC of who says it and who it is: a name that a caller asserts is another person than the same name from the proxy. */
function pseudonymOf({ id, isVerified }: Subject, tagKey: HmacKey): string {
  const by = isVerified ? 'verified' : 'asserted';
  return hmac(tagKey, Buffer.from(`jimini/subject/v1\0${by}\0${id.toWellFormed()}`)).toString('base64url');
}
