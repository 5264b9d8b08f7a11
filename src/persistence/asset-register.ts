import { assetsOf, type Asset } from '../domain/assets';
import type { Instrument } from '../domain/instruments';
import type { Database, Row } from './database';
import { ASSETS, REGISTER_ASSET } from './queries/assets';

/** The assets file says other decimals than those that the records were made in. */
export class AssetChangedError extends Error {}

/** Remembers every asset that the venue ever kept. Records hold whole units, so decimals never change under them. */
export class AssetRegister {
  constructor(private readonly database: Database) {}

  /**
   * Registers new assets: as fine as the assets file says, else as their instruments need.
   * @param instruments all that the records may tell of
   * @param given decimals by asset, of the assets file
   * @returns every asset, by name
   * @throws AssetChangedError naming the asset and both decimals, Error naming the instrument that needs more decimals than an asset has
   */
  async reconcile(instruments: readonly Instrument[], given: ReadonlyMap<string, number>): Promise<readonly Asset[]> {
    const recorded = await recordedDecimals(this.database);
    for (const [asset, decimals] of given) {
      const before = recorded.get(asset);
      if (before !== undefined && before !== decimals) {
        throw new AssetChangedError(`asset ${asset} has ${before} decimals in the records, but ${decimals} in the assets file`);
      }
    }
    for (const { asset, decimals } of assetsOf(instruments, new Map([...given, ...recorded]))) {
      if (!recorded.has(asset)) await this.database.query(REGISTER_ASSET, [asset, decimals]);
    }
    // Another process may have registered some meanwhile, as its own file has them.
    const now = await recordedDecimals(this.database);
    return assetsOf(instruments, now);
  }
}

/** Decimals of every asset that the venue ever kept. */
export async function recordedDecimals(database: Database): Promise<Map<string, number>> {
  const rows = await database.query<Row & { asset: string; decimals: number }>(ASSETS, []);
  return new Map(rows.map(({ asset, decimals }) => [asset, decimals]));
}
