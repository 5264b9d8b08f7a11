import type { InstrumentTable } from '../domain/instrument-table';
import type { Dialect } from '../http/dialect';
import type { CandleReader } from '../market/candle-reader';
import type { MarketReader } from '../market/market-reader';
import type { Trading } from '../trading/trading';

/** What a dialect speaks for: the use cases, and the instruments whose steps its amounts are written in. */
export interface Services {
  readonly trading: Trading;
  readonly market: MarketReader;
  readonly candles: CandleReader;
  readonly instruments: InstrumentTable;
}

/** Makes a dialect that stands beside the native one. */
export type DialectMaker = (services: Services) => Dialect;
