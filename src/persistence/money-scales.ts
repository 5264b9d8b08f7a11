import { scaleOf, type MoneyScale } from '../domain/assets';
import { parseInstruments } from '../domain/instruments';
import type { Database, Row } from './database';
import { ASSETS } from './queries/assets';
import { INSTRUMENTS } from './queries/instruments';

/** What the ticks and lots of every instrument that the record knows are worth, in the record's assets. */
export async function recordedScales(database: Database): Promise<ReadonlyMap<string, MoneyScale>> {
  const instruments = await database.query<Row>(INSTRUMENTS, []);
  const assets = await database.query<Row & { asset: string; decimals: number }>(ASSETS, []);
  const decimals = new Map(assets.map(({ asset, decimals: own }) => [asset, own]));
  if (instruments.length === 0) return new Map();
  // One that traded before the venue kept assets has none until the service has started once.
  return new Map(parseInstruments(instruments)
    .filter(({ base, quote }) => decimals.has(base) && decimals.has(quote))
    .map((instrument) => [instrument.instrument, scaleOf(instrument, decimals)]));
}
