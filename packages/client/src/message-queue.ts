interface Reader<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: Error): void;
}

/** What waits for a reader, in order. It says when it is full and when there is room again. */
export class MessageQueue<T> {
  private waiting: T[] = [];
  /** Index of the next one: taking from the front of a long array is slow. */
  private first = 0;
  private readonly readers: Reader<T>[] = [];
  private ended: { readonly error: Error | null } | null = null;
  isFull = false;

  constructor(private readonly max: number, private readonly onFull: (isFull: boolean) => void) {}

  private get size(): number {
    return this.waiting.length - this.first;
  }

  put(value: T): void {
    if (this.ended !== null) return;
    const reader = this.readers.shift();
    if (reader !== undefined) {
      reader.resolve({ done: false, value });
      return;
    }
    this.waiting.push(value);
    if (!this.isFull && this.size >= this.max) this.fill(true);
  }

  /** @param error thrown to the reader behind what still waits; null for a plain end */
  end(error: Error | null): void {
    this.ended ??= { error };
    for (const reader of this.readers.splice(0)) this.finish(reader);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      if (this.size > 0) resolve({ done: false, value: this.take() });
      else if (this.ended !== null) this.finish({ resolve, reject });
      else this.readers.push({ resolve, reject });
    });
  }

  private finish(reader: Reader<T>): void {
    if (this.ended === null || this.ended.error === null) reader.resolve({ done: true, value: undefined });
    else reader.reject(this.ended.error);
  }

  private take(): T {
    const value = this.waiting[this.first++] as T;
    if (this.first > this.max) {
      this.waiting = this.waiting.slice(this.first);
      this.first = 0;
    }
    if (this.isFull && this.size <= this.max / 2) this.fill(false);
    return value;
  }

  private fill(isFull: boolean): void {
    this.isFull = isFull;
    this.onFull(isFull);
  }
}
