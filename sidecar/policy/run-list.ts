/** Runs kept of one text; a text with more is examined whole. */
const RUNS_KEPT = 4096;

/** Runs of characters of one kind, in ascending order. Reused from text to text. */
export class RunList {
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private readonly sizes: number[] = [];
  private overflowed = false;
  private largest = 0;

  clear(): void {
    if (this.largest === 0) return;
    this.largest = 0;
    this.starts.length = 0;
    this.ends.length = 0;
    this.sizes.length = 0;
    this.overflowed = false;
  }

  /** Adds the run [start, end) whose size (characters, or digits) is `size`. */
  add(start: number, end: number, size: number): void {
    this.largest = Math.max(this.largest, size);
    if (this.starts.length >= RUNS_KEPT) this.overflowed = true;
    else {
      this.starts.push(start);
      this.ends.push(end);
      this.sizes.push(size);
    }
  }

  /** How many runs are kept. */
  get count(): number {
    return this.starts.length;
  }

  /** Where the kept run of this number starts. */
  startOf(number: number): number {
    return this.starts[number] as number;
  }

  /** Where it ends, exclusive. */
  endOf(number: number): number {
    return this.ends[number] as number;
  }

  /** How large it is. */
  sizeOf(number: number): number {
    return this.sizes[number] as number;
  }

  /** Whether there were more than are kept. */
  get isCut(): boolean {
    return this.overflowed;
  }

  /** Whether there is a run of at least this size. */
  has(size: number): boolean {
    return this.largest >= size;
  }

  /** The runs of at least this size; undefined when there were too many to keep. */
  atLeast(size: number): readonly (readonly [start: number, end: number])[] | undefined {
    if (this.overflowed) return undefined;
    return this.starts.flatMap((start, i) =>
      (this.sizes[i] as number) >= size ? [[start, this.ends[i] as number] as const] : [],
    );
  }
}
