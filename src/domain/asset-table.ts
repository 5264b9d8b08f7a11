import { formatUnits, scaleOf, type Asset, type MoneyScale } from './assets';
import type { InstrumentRules } from './instrument-rules';
import type { Instrument } from './instruments';
import { Refusal } from './refusal';

/** The venue's assets by name, and what ticks and lots of its instruments are in their units. */
export class AssetTable {
  private decimals: Map<string, number>;
  private readonly scales = new Map<string, MoneyScale>();
  private readonly zeros = new Map<string, string>();

  constructor(assets: readonly Asset[]) {
    this.decimals = decimalsOf(assets);
  }

  /** Takes what the record says in place of what the settings do: decimals never change once an asset is used. */
  replace(assets: readonly Asset[]): void {
    this.decimals = decimalsOf(assets);
    this.scales.clear();
    this.zeros.clear();
  }

  /** Takes the assets of an instrument that the log tells; those that are known stay as they are. */
  take({ base, quote, baseDecimals, quoteDecimals }: Pick<InstrumentRules, 'base' | 'quote' | 'baseDecimals' | 'quoteDecimals'>): void {
    for (const [asset, decimals] of [[base, baseDecimals], [quote, quoteDecimals]] as const) {
      if (!this.decimals.has(asset)) this.decimals.set(asset, decimals);
    }
  }

  /** Decimals of an asset, undefined for one that nobody has had yet. */
  find(asset: string): number | undefined {
    return this.decimals.get(asset);
  }

  /** By name. */
  get all(): Asset[] {
    return [...this.decimals].map(([asset, decimals]) => ({ asset, decimals })).sort((a, b) => (a.asset < b.asset ? -1 : 1));
  }

  /** @throws Refusal `asset_not_found` */
  require(asset: string): Asset {
    const decimals = this.decimals.get(asset);
    if (decimals === undefined) throw new Refusal('asset_not_found', { asset });
    return { asset, decimals };
  }

  scaleOf(instrument: Instrument): MoneyScale {
    const known = this.scales.get(instrument.instrument);
    if (known !== undefined) return known;
    const scale = scaleOf(instrument, this.decimals);
    this.scales.set(instrument.instrument, scale);
    return scale;
  }

  /** @param units of an asset that the venue has an amount of @returns decimal text with the asset's decimals */
  format(asset: string, units: bigint | string): string {
    if (units === '0' || units === 0n) return this.zero(asset);
    return formatUnits(units, this.decimalsOf(asset));
  }

  decimalsOf(asset: string): number {
    const decimals = this.decimals.get(asset);
    if (decimals === undefined) throw new Error(`asset ${asset} is in the records but not in the assets table`);
    return decimals;
  }

  /** Most orders are charged nothing, and each answer says so. */
  private zero(asset: string): string {
    const known = this.zeros.get(asset);
    if (known !== undefined) return known;
    const text = formatUnits('0', this.decimalsOf(asset));
    this.zeros.set(asset, text);
    return text;
  }
}

function decimalsOf(assets: readonly Asset[]): Map<string, number> {
  return new Map(assets.map(({ asset, decimals }) => [asset, decimals]));
}
