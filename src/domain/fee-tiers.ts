import { PLAIN_DECIMAL } from './amounts';
import type { Asset } from './assets';
import { FEE_GROUP_NAME } from './money';

/** The group of fees that an account is in from a volume on: what it has traded in 30 days, in a quote asset. */
export interface FeeTier {
  readonly feeGroup: string;
  readonly asset: string;
  /** Decimal text, of any number of digits that the asset has. */
  readonly volume: string;
}

const FEE_TIERS_MAX = 100;
const FIELDS = ['fee_group', 'asset', 'volume'];

/** Whole units of 10^-`decimals`. @throws Error for a text with more decimals */
export function volumeUnits(volume: string, decimals: number): bigint {
  const [whole = '', fraction = ''] = volume.split('.');
  if (fraction.length > decimals) throw new Error(`"${volume}" has more than ${decimals} decimals`);
  return BigInt(whole + fraction.padEnd(decimals, '0'));
}

/**
 * Reads the content of a file of tiers: a JSON array of `{ "fee_group", "asset", "volume" }`, volumes of one asset rising. An
 * account is in the group of the last row whose volume it has reached.
 * @throws Error naming the row and the field that is wrong
 */
export function parseFeeTiers(content: unknown, assets: readonly Asset[]): FeeTier[] {
  if (!Array.isArray(content)) throw new Error('must be a JSON array');
  if (content.length > FEE_TIERS_MAX) throw new Error(`must hold at most ${FEE_TIERS_MAX} tiers`);
  const decimalsByAsset = new Map(assets.map(({ asset, decimals }) => [asset, decimals]));
  const reached = new Map<string, bigint>();
  return content.map((item: unknown, index) => {
    const where = `tier ${index + 1}`;
    if (typeof item !== 'object' || item === null || Array.isArray(item)) throw new Error(`${where}: must be an object`);
    const unknownField = Object.keys(item).find((field) => !FIELDS.includes(field));
    if (unknownField !== undefined) throw new Error(`${where}: unknown field "${unknownField}"`);
    const { fee_group: feeGroup, asset, volume } = item as Readonly<Record<string, unknown>>;
    if (typeof feeGroup !== 'string' || !FEE_GROUP_NAME.test(feeGroup)) throw new Error(`${where}: "fee_group" is missing or not a plain name`);
    const decimals = typeof asset === 'string' ? decimalsByAsset.get(asset) : undefined;
    if (typeof asset !== 'string' || decimals === undefined) throw new Error(`${where}: "asset" is missing, or no instrument has it`);
    if (typeof volume !== 'string' || !PLAIN_DECIMAL.test(volume)) throw new Error(`${where}: "volume" must be a decimal string such as "100000"`);
    const units = volumeUnits(volume, decimals);
    const before = reached.get(asset);
    if (before !== undefined && units <= before) throw new Error(`${where}: "volume" is not above that of the tier before it`);
    reached.set(asset, units);
    return { feeGroup, asset, volume };
  });
}
