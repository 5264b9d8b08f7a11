import type { InstrumentTable } from '../domain/instrument-table';
import type { Dialect } from '../http/dialect';
import type { Dispatcher } from '../http/dispatch';
import type { CandleReader } from '../market/candle-reader';
import type { MarketReader } from '../market/market-reader';
import type { Money } from '../money/money';
import type { People } from '../people/people';
import type { Algos } from '../trading/algos';
import type { Trading } from '../trading/trading';
import type { Streams } from './streams';

/** What a dialect speaks for: the use cases, the stream, and the instruments whose steps its amounts are written in. */
export interface Services {
  readonly trading: Trading;
  readonly algos: Algos;
  readonly money: Money;
  readonly market: MarketReader;
  readonly candles: CandleReader;
  /** null where nobody is asked who they are. */
  readonly people: People | null;
  readonly streams: Streams;
  readonly instruments: InstrumentTable;
  /** Carries out messages of a dialect's own connections, within the limits of requests. */
  readonly dispatcher: Pick<Dispatcher, 'perform'>;
}

/** Makes a dialect, once for each start. */
export type DialectMaker = (services: Services) => Dialect;
