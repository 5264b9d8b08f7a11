/** Rows in their order, of which the next can be looked at before it is taken. */
export class RowsAhead<T> {
  private ahead: T | null = null;
  private isOver = false;

  constructor(private readonly rows: AsyncIterator<T>) {}

  /** @returns null behind the last */
  async next(): Promise<T | null> {
    if (this.ahead !== null || this.isOver) return this.ahead;
    const read = await this.rows.next();
    if (read.done === true) this.isOver = true;
    else this.ahead = read.value;
    return this.ahead;
  }

  take(): void {
    this.ahead = null;
  }
}
