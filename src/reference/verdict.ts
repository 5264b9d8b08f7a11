import { KIND_CODE, type OrderStatus, type StatusReason } from '../domain/order';
import { untouched, type MatchPlan } from './matching';

/** What becomes of an order by its plan. */
export interface Verdict {
  /** What it trades: nothing where it is rejected. */
  readonly plan: MatchPlan;
  readonly status: OrderStatus;
  readonly reason: StatusReason | null;
  /** The instrument's price band stops it: from now on its orders are gathered for a call auction. */
  readonly halts: boolean;
}

const RESTING: ReadonlySet<number> = new Set([KIND_CODE.limit_gtc, KIND_CODE.limit_post_only, KIND_CODE.limit_gtd, KIND_CODE.limit_day]);

export const mayRest = (kind: number): boolean => RESTING.has(kind);

export const rests = ({ status }: Pick<Verdict, 'status'>): boolean => status === 'open' || status === 'partially_filled';

/** Whether somebody else is there to trade with. */
export const wouldTrade = ({ fills, limited }: MatchPlan): boolean => fills.length > 0 || limited === 'price_band';

const tradedLots = ({ fills }: MatchPlan): number => fills.reduce((sum, fill) => sum + fill.lots, 0);

/**
 * What an order of a kind turns down of its own plan, null where it takes it.
 * @param unbound the plan of one that no price band stops
 */
function rejection(kind: number, plan: MatchPlan, lots: number, unbound: () => MatchPlan): StatusReason | null {
  if (kind === KIND_CODE.limit_post_only && wouldTrade(plan)) return 'post_only_would_match';
  if (kind !== KIND_CODE.limit_fok || tradedLots(plan) === lots) return null;
  return plan.limited === 'price_band' && tradedLots(unbound()) === lots ? 'price_band' : 'fok_not_fillable';
}

/** @param lots that it comes with */
export function verdictOnPlace(kind: number, plan: MatchPlan, lots: number, unbound: () => MatchPlan): Verdict {
  const rejected = rejection(kind, plan, lots, unbound);
  if (rejected !== null) return { plan: untouched(lots), status: 'rejected', reason: rejected, halts: rejected === 'price_band' };
  const end = endOf(plan, mayRest(kind));
  if (end !== null) return end;
  if (kind === KIND_CODE.market) return { plan, status: 'cancelled', reason: plan.beyond ? 'price_protection' : 'no_liquidity', halts: false };
  if (!mayRest(kind)) return { plan, status: 'cancelled', reason: 'ioc_remainder', halts: false };
  return restsWith(plan, plan.fills.length > 0);
}

function restsWith(plan: MatchPlan, hasTraded: boolean): Verdict {
  return { plan, status: hasTraded ? 'partially_filled' : 'open', reason: null, halts: plan.limited === 'price_band' };
}

/** @param filledLots what the order has traded ahead of this */
export function verdictOnAmend(plan: MatchPlan, filledLots: number): Verdict {
  return endOf(plan, true) ?? restsWith(plan, plan.fills.length > 0 || filledLots > 0);
}

/** null where something is left that may wait. */
function endOf(plan: MatchPlan, mayWait: boolean): Verdict | null {
  const { budget, limited } = plan;
  if (budget === null ? plan.leftLots === 0 : budget.left === 0n) return { plan, status: 'filled', reason: null, halts: false };
  if (plan.prevented.stops) return { plan, status: 'cancelled', reason: 'self_trade', halts: false };
  if (limited !== null) return limited === 'price_band' && mayWait ? null : { plan, status: 'cancelled', reason: limited, halts: limited === 'price_band' };
  if (budget?.exhausted === true) return { plan, status: 'cancelled', reason: 'budget_exhausted', halts: false };
  return null;
}
