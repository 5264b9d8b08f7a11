interface Reader<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: Error): void;
}

/** Taken ones are let go of so many at a time. */
const TAKEN_MAX = 1_000;

/** What waits for a reader, in order. */
export class MessageQueue<T> {
  private waiting: T[] = [];
  /** Index of the next one: taking from the front of a long array is slow. */
  private first = 0;
  private readonly readers: Reader<T>[] = [];
  private ended: { readonly error: Error | null } | null = null;

  /** @param isFor told of each value in its turn; what it says no to, the reader does not get */
  constructor(private readonly isFor: (value: T) => boolean) {}

  get size(): number {
    return this.waiting.length - this.first;
  }

  put(value: T): void {
    if (this.ended !== null) return;
    if (this.readers.length > 0) {
      if (this.isFor(value)) this.readers.shift()?.resolve({ done: false, value });
      return;
    }
    this.waiting.push(value);
  }

  /** @param error thrown to the reader behind what still waits; null for a plain end */
  end(error: Error | null): void {
    this.ended ??= { error };
    for (const reader of this.readers.splice(0)) this.finish(reader);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      while (this.size > 0) {
        const value = this.take();
        if (!this.isFor(value)) continue;
        resolve({ done: false, value });
        return;
      }
      if (this.ended !== null) this.finish({ resolve, reject });
      else this.readers.push({ resolve, reject });
    });
  }

  private finish(reader: Reader<T>): void {
    if (this.ended === null || this.ended.error === null) reader.resolve({ done: true, value: undefined });
    else reader.reject(this.ended.error);
  }

  private take(): T {
    const value = this.waiting[this.first++] as T;
    if (this.first > TAKEN_MAX) {
      this.waiting = this.waiting.slice(this.first);
      this.first = 0;
    }
    return value;
  }
}
