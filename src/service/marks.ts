import type { Marks } from '../money/ports';
import type { Shard } from '../shard/shard';
import type { Venue } from '../shard/venue';

/** Prices that positions are held against, as the market has them now. */
export function marksOf(venue: Venue<Shard>): Marks {
  const last = async (instrument: string): Promise<bigint | null> => {
    const { engine, history } = venue.ofInstrument(instrument).connection;
    const [trade] = await engine.recentTrades(instrument, 1, null);
    const [older] = trade === undefined ? await history.trades(instrument, null, 1) : [trade];
    return older === undefined ? null : 2n * BigInt(older.priceTicks);
  };
  const mid = async (instrument: string): Promise<bigint | null> => {
    const { bids: [bid], asks: [ask] } = await venue.ofInstrument(instrument).readBook(instrument, 1);
    return bid === undefined || ask === undefined ? null : BigInt(bid[0]) + BigInt(ask[0]);
  };
  return { doubleTicks: (instrument, kind) => (kind === 'last' ? last(instrument) : mid(instrument)) };
}
