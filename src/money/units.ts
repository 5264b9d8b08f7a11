import type { AmountInput } from '../domain/amounts';
import type { AssetTable } from '../domain/asset-table';
import { parseUnits } from '../domain/assets';
import { Refusal, type FieldFault } from '../domain/refusal';

/** Reads amounts of assets. */
export class UnitsReader {
  readonly faults: FieldFault[] = [];

  constructor(private readonly assets: AssetTable) {}

  /** @returns whole units; '0' where the amount is none, which `faults` tells @throws Refusal `asset_not_found` */
  read(asset: string, amount: AmountInput, field: FieldFault['field'] = 'amount'): string {
    const parsed = parseUnits(amount, this.assets.require(asset).decimals);
    if (parsed.ok) return parsed.units;
    this.faults.push({ field, message: parsed.problem });
    return '0';
  }

  /** @throws Refusal `validation_failed` naming each amount that is none */
  check(): void {
    if (this.faults.length > 0) throw new Refusal('validation_failed', { fields: this.faults });
  }
}

/** One amount as whole units. @throws Refusal */
export function unitsOf(assets: AssetTable, asset: string, amount: AmountInput): string {
  const reader = new UnitsReader(assets);
  const units = reader.read(asset, amount);
  reader.check();
  return units;
}
