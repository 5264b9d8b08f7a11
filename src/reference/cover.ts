import { UNITS_MAX, type Funds } from '../domain/money';
import type { Order } from '../domain/order';
import { isUnfunded } from '../domain/order-list';
import { ceilingOf } from './fees';
import { holdOf, valueOf } from './holds';
import { sharedUnits } from './lists';
import type { MatchPlan } from './matching';
import type { Money } from './money';
import type { Refusal } from './refusal';

/**
 * Why a limit order may not be what it wants to be: it would hold more than any may at its own limit, or more than its account
 * has. @param before what it is already, null for a new one: only the difference is asked for
 * @param partner the other one of a pair, with which it shares its cover
 */
export function uncovered(money: Money, funds: Funds, order: Order, before: Order | null, partner?: Order): Refusal | null {
  const scale = money.scaleOf(order.instrument);
  const { asset, units } = holdOf(order, scale);
  if (units > UNITS_MAX) return { code: 'balance_limit' };
  if (isUnfunded(order)) return null;
  const held = (one: Order): bigint => holdOf(one, scale).units - sharedUnits(one, partner, scale);
  const more = held(order) - (before === null ? 0n : held(before));
  return before !== null && more <= 0n ? null : money.lacking(funds, order.clientId, { asset, units: more });
}

/**
 * Why a market order may not trade: its account does not have what the plan takes.
 * @param beside units of the same asset that the command takes besides
 */
export function unpaid(money: Money, funds: Funds, order: Order, plan: MatchPlan, beside = 0n): Refusal | null {
  const scale = money.scaleOf(order.instrument);
  if (order.side === 'sell') {
    const lots = plan.fills.reduce((sum, fill) => sum + BigInt(fill.lots), 0n);
    return lackingOf(money, funds, order, { asset: scale.base, units: lots * scale.lotUnits + beside });
  }
  const value = plan.fills.reduce((sum, { maker, lots }) => sum + valueOf(maker.priceTicks as number, lots, scale), 0n);
  const fee = ceilingOf(value * BigInt(order.fees?.takerRate ?? 0));
  return lackingOf(money, funds, order, { asset: scale.quote, units: value + (fee > 0n ? fee : 0n) + beside });
}

function lackingOf(money: Money, funds: Funds, { clientId }: Order, needed: { readonly asset: string; readonly units: bigint }): Refusal | null {
  return needed.units > UNITS_MAX ? { code: 'balance_limit' } : money.lacking(funds, clientId, needed);
}
