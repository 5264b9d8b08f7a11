import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { CandleSeries, INTERVAL_SECONDS, secondOf, startOf, type Candle, type StoredCandle } from '../domain/candle';
import { decodeLogEntry, tradesOf, type LogEntry, type RawLogEntry } from '../domain/log-entry';
import { isSameLife, type LogPosition } from '../domain/log-position';
import type { Trade } from '../domain/order';
import { DayWindow } from './day-window';
import { InstrumentStatistics, type IntervalCandle, type OpenCandle } from './instrument-statistics';
import type { Market, MarketListener } from './market';
import { TradeTail, addTail, lastInTail, type TailView } from './trade-tail';

export interface StatisticsSources {
  /** Redis' clock, then the shard's life and how far it is. */
  clock(): Promise<{ readonly timeUs: number; readonly epoch: string; readonly sequence: number; readonly persisted: number }>;
  /** Entries behind `after` that the log holds, oldest first. */
  logPage(after: number, count: number): Promise<RawLogEntry[]>;
  /** The stored minutes and seconds since two moments, and how far they go. */
  recentCandles(minutesFromS: number, secondsFromS: number): Promise<{ readonly epoch: string; readonly sequence: number; readonly candles: readonly StoredCandle[] }>;
  /** The last trade of each instrument that Postgres holds. */
  lastTrades(): Promise<readonly Trade[]>;
}

/** Told of what changes; at most once for all the entries of one turn. */
export interface StatisticsListener {
  /** @param closed candles whose time is over, each once; @param changed candles under way that have new trades */
  changed(instrument: string, closed: readonly IntervalCandle[], changed: readonly IntervalCandle[]): void;
}

/** How long changes are gathered at most before they are told; 0 for the end of the turn. */
export interface StatisticsOptions {
  readonly flushMs: number;
}

const PAGE = 1_000;
const TICK_MS = 250;
const RETRY_MS = 500;
const CATCH_UP_MS = 1_000;
const POLL_MS = 5;
/** A candle that was over longer ago than this when the market is there again is not told as closed any more. */
const OPEN_MAX_S = 3_600;

/**
 * What tickers and candles are made of, for every instrument, live in each API process: the last trade, the last 24
 * hours by the minute, the candles under way, and the trades that Postgres may not hold yet. Built from Postgres and the
 * log when the books are read anew, and kept by the same entries as the books.
 */
export class MarketStatistics implements MarketListener {
  /** Of the instruments that there are. */
  readonly names: Set<string>;
  private instruments: Map<string, InstrumentStatistics>;
  private market: Market | null = null;
  /** Counts the times that everything began anew: what was asked for before is of no use then. */
  private generation = 0;
  /** Life of the shard that all of it is of. */
  epoch = '';
  private isTailWhole = false;
  private isDayWhole = false;
  /** Candles that were told as under way when everything began anew, by instrument. */
  private open = new Map<string, readonly OpenCandle[]>();
  private readonly dirty = new Set<string>();
  private isFlushScheduled = false;
  private timer: NodeJS.Timeout | null = null;
  private isTicking = false;
  private lastMinute = 0;
  private stopping = false;
  private loading: Promise<void> = Promise.resolve();

  constructor(
    names: readonly string[],
    private readonly sources: StatisticsSources,
    private readonly listener: StatisticsListener,
    private readonly options: StatisticsOptions,
    private readonly logger: Logger,
  ) {
    this.names = new Set(names);
    this.instruments = this.fresh();
  }

  /** MarketListener: an instrument that is new has no past. */
  instrument({ instrument }: { readonly instrument: string }): void {
    this.names.add(instrument);
    if (!this.instruments.has(instrument)) this.instruments.set(instrument, new InstrumentStatistics());
  }

  private fresh(): Map<string, InstrumentStatistics> {
    return new Map([...this.names].map((name) => [name, new InstrumentStatistics()]));
  }

  start(): void {
    this.timer = setInterval(() => void this.tick(), TICK_MS);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    if (this.timer !== null) clearInterval(this.timer);
    await this.loading;
    while (this.isTicking) await sleep(POLL_MS);
  }

  /** Whether the 24 hours are all there: until Postgres has been read, they are what came since. */
  get isComplete(): boolean {
    return this.isDayWhole;
  }

  /** Waits until it is, for a while. */
  async untilComplete(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!this.isDayWhole && !this.stopping && Date.now() < deadline) await sleep(POLL_MS);
  }

  last(instrument: string): Trade | null {
    return this.instruments.get(instrument)?.last ?? null;
  }

  /** The venue's time now, as well as this process can tell. */
  nowS(): number {
    return secondOf(Math.max(Date.now() * 1_000, this.market?.timeUs ?? 0));
  }

  /** The last 24 hours in one candle; null without a trade. */
  day(instrument: string): Candle | null {
    return this.instruments.get(instrument)?.day.at(this.nowS()) ?? null;
  }

  /** Candles of an interval that memory holds whole: of the last 24 hours, or of what came since the last commit. */
  remembered(instrument: string, intervalS: number): Candle[] {
    const statistics = this.instruments.get(instrument);
    if (statistics === undefined) return [];
    const series = new CandleSeries(intervalS);
    if (intervalS < 60) {
      addTail(statistics.tail.view, 0, 0, Infinity, series);
      return series.sorted();
    }
    const first = DayWindow.firstMinute(this.nowS());
    for (const minute of statistics.day.minutesAt(this.nowS())) {
      if (startOf(minute.startS, intervalS) >= first) series.addCandle(minute);
    }
    return series.sorted();
  }

  /** Candles under way, and the last ones that are over where nothing has been traded since. */
  current(instrument: string): (IntervalCandle & { readonly isClosed: boolean })[] {
    const statistics = this.instruments.get(instrument);
    return statistics === undefined ? [] : [...statistics.current].map(([interval, { candle, isClosed }]) => ({ interval, candle, isClosed }));
  }

  /**
   * The trades behind the record, to be taken before it is read; null while they are not known, or of another life than
   * `epoch`.
   */
  tail(instrument: string, epoch: string): Tail | null {
    const view = this.instruments.get(instrument)?.tail.view;
    if (view === undefined || !this.isTailWhole || this.epoch !== epoch) return null;
    return new Tail(view);
  }

  /** @returns false when memory does not hold all of `position` in time */
  async waitFor(position: LogPosition, timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const { market } = this;
      if (market !== null && this.isReadyFor(position) && await market.waitFor(position, Math.max(0, deadline - Date.now()))) {
        // The books may have been read anew meanwhile.
        if (this.isReadyFor(position)) return true;
      }
      if (Date.now() >= deadline) return false;
      if (!this.isReadyFor(position)) await sleep(POLL_MS);
    }
  }

  private isReadyFor(position: LogPosition): boolean {
    return this.isTailWhole && isSameLife(this, position);
  }

  /** MarketListener */
  reset(market: Market): void {
    this.market = market;
    this.epoch = market.epoch;
    this.generation++;
    // Until the day is whole nothing is told, so what was open before still is.
    if (this.isDayWhole) this.open = new Map([...this.instruments].map(([name, statistics]) => [name, statistics.open]));
    this.instruments = this.fresh();
    this.isTailWhole = false;
    this.isDayWhole = false;
    const { generation } = this;
    const { sequence } = market;
    this.loading = this.loading.then(() => this.load(generation, sequence));
  }

  /** MarketListener */
  entry(entry: LogEntry, market: Market): void {
    this.market = market;
    if (entry.kind === 'refuse' || entry.kind === 'keep') return;
    for (const level of entry.levels) this.mark(level.instrument);
    if (entry.fills.length === 0) return;
    for (const trade of tradesOf(entry)) this.instruments.get(trade.instrument)?.add(trade, entry.sequence);
  }

  private mark(instrument: string): void {
    this.dirty.add(instrument);
    if (this.isFlushScheduled) return;
    this.isFlushScheduled = true;
    if (this.options.flushMs === 0) setImmediate(() => this.flush());
    else setTimeout(() => this.flush(), this.options.flushMs).unref();
  }

  private flush(): void {
    this.isFlushScheduled = false;
    if (this.stopping) return;
    for (const name of this.dirty) {
      const statistics = this.instruments.get(name);
      if (statistics === undefined) continue;
      const closed = statistics.closed.splice(0);
      const changed = [...statistics.changed].flatMap((interval) => {
        const current = statistics.current.get(interval);
        return current === undefined ? [] : [{ interval, candle: current.candle }];
      });
      // Half a candle is none: they are told once Postgres has been read.
      this.listener.changed(name, this.isDayWhole ? closed : [], this.isDayWhole ? changed : []);
      statistics.changed.clear();
    }
    this.dirty.clear();
  }

  /** Reads what came before: first the log, for what Postgres does not have, then Postgres. */
  private async load(generation: number, sequence: number): Promise<void> {
    let isTold = false;
    const isCurrent = (): boolean => !this.stopping && generation === this.generation;
    while (isCurrent()) {
      try {
        if (!this.isTailWhole) await this.loadTail(generation, sequence);
        if (!isCurrent()) return;
        await this.loadDay(generation);
        return;
      } catch (error) {
        // Said once: until the other side is back, every attempt may fail for the same reason.
        if (!isTold) this.logger.warn({ err: error }, 'market statistics wait for their past');
        isTold = true;
        await sleep(RETRY_MS);
      }
    }
  }

  private async loadTail(generation: number, sequence: number): Promise<void> {
    const { epoch, persisted } = await this.sources.clock();
    // The books are about to be read anew, and this with them.
    if (epoch !== this.epoch) throw new Error('redis began another life of the shard');
    const older = new Map<string, TradeTail>();
    for (let after = persisted; after < sequence;) {
      const page = await this.sources.logPage(after, PAGE);
      if (page[0]?.sequence !== after + 1) throw new Error(`the log does not go on behind entry ${after}`);
      for (const raw of page) {
        if (raw.sequence > sequence) break;
        const entry = decodeLogEntry(raw.payload);
        if (entry.fills.length === 0) continue;
        for (const trade of tradesOf(entry)) {
          let tail = older.get(trade.instrument);
          if (tail === undefined) older.set(trade.instrument, tail = new TradeTail());
          tail.add(raw.sequence, secondOf(trade.executedUs), trade.tradeId, trade.priceTicks, trade.quantityLots);
          this.noteLast(generation, trade);
        }
      }
      after = (page[page.length - 1] as RawLogEntry).sequence;
    }
    if (generation !== this.generation) return;
    for (const [name, tail] of older) this.instruments.get(name)?.tail.prepend(tail);
    for (const statistics of this.instruments.values()) statistics.rebuild([], 0, this.nowS(), []);
    this.isTailWhole = true;
  }

  private noteLast(generation: number, trade: Trade): void {
    const statistics = generation === this.generation ? this.instruments.get(trade.instrument) : undefined;
    if (statistics !== undefined && (statistics.last === null || statistics.last.tradeId < trade.tradeId)) statistics.last = trade;
  }

  private async loadDay(generation: number): Promise<void> {
    const { timeUs } = await this.sources.clock();
    const second = secondOf(timeUs);
    this.forgetLongOpen(second);
    const [{ epoch, sequence, candles }, lastTrades] = await Promise.all([
      this.sources.recentCandles(...this.neededSince(second)), this.sources.lastTrades(),
    ]);
    if (generation !== this.generation) return;
    if (epoch !== this.epoch) throw new Error('postgres is of another life of the shard');
    const byName = new Map<string, StoredCandle[]>();
    for (const stored of candles) {
      const list = byName.get(stored.instrument);
      if (list === undefined) byName.set(stored.instrument, [stored]);
      else list.push(stored);
    }
    for (const [name, statistics] of this.instruments) statistics.rebuild(byName.get(name) ?? [], sequence, second, this.open.get(name) ?? []);
    for (const trade of lastTrades) this.noteLast(generation, trade);
    this.open.clear();
    this.isDayWhole = true;
    for (const name of this.names) this.mark(name);
    this.logger.info({ epoch, sequence }, 'market statistics are whole');
  }

  /** From when on the stored minutes and seconds are needed: for the 24 hours, and whole for the candles that were open. */
  private neededSince(second: number): [minutesFromS: number, secondsFromS: number] {
    let [minutesFromS, secondsFromS] = [DayWindow.firstMinute(second), second];
    for (const { interval, startS } of [...this.open.values()].flat()) {
      if (interval === '1s') secondsFromS = Math.min(secondsFromS, startS);
      else minutesFromS = Math.min(minutesFromS, startS);
    }
    return [minutesFromS, secondsFromS];
  }

  /** After a long interruption, nobody waits for the end of what was open. */
  private forgetLongOpen(second: number): void {
    for (const [name, open] of this.open) {
      this.open.set(name, open.filter(({ interval, startS }) => startS >= second - INTERVAL_SECONDS[interval] - OPEN_MAX_S));
    }
  }

  /** Closes candles that are over without a trade after them, and lets go of trades that Postgres holds. */
  private async tick(): Promise<void> {
    if (this.isTicking || this.market === null || !this.isTailWhole) return;
    this.isTicking = true;
    try {
      const now = this.nowS();
      if (startOf(now, 60) !== this.lastMinute) {
        // The 24 hours have moved on.
        this.lastMinute = startOf(now, 60);
        for (const name of this.names) this.mark(name);
      }
      const all = [...this.instruments.values()];
      if (all.some((statistics) => !statistics.tail.isEmpty || statistics.mayClose(now))) await this.askClock();
    } catch (error) {
      this.logger.debug({ err: error }, 'market statistics could not ask the time');
    } finally {
      this.isTicking = false;
    }
  }

  private async askClock(): Promise<void> {
    const { generation } = this;
    const { timeUs, persisted, ...end } = await this.sources.clock();
    const market = this.market as Market;
    if (!isSameLife(end, this) || !(await market.waitFor(end, CATCH_UP_MS)) || generation !== this.generation) return;
    const second = secondOf(timeUs);
    // Until it has been read what Postgres holds, the tail is needed from its beginning.
    if (!this.isDayWhole) return;
    for (const [name, statistics] of this.instruments) {
      statistics.tail.letGo(persisted);
      if (statistics.close(second)) this.dirty.add(name);
    }
    // At once: whoever subscribes from now on is told of closed candles as such, and must not be told again.
    if (this.dirty.size > 0) this.flush();
  }
}

/** The newest trades of an instrument at one moment. */
export class Tail {
  constructor(private readonly view: TailView) {}

  /** Candles of the trades behind log sequence `after`, that begin from `fromS` on and before `toS`. */
  addTo(series: CandleSeries, after: number, fromS: number, toS: number): void {
    addTail(this.view, after, fromS, toS, series);
  }

  /** The last trade behind log sequence `after` in a second before `beforeS`. */
  lastBefore(after: number, beforeS: number): Candle | null {
    return lastInTail(this.view, after, beforeS, new CandleSeries(1));
  }
}
